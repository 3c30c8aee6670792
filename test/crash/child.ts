import { writeSync } from 'node:fs'
import { asError, must, realClock, realRandom, silentLog } from '#base'
import { openStore, StoreError, type Op, type StoreEvent } from '#store'
import type { Change, Line } from './record.ts'

/**
 * The process under test: opens the store of a directory and writes to it from many clients until
 * it is killed. Arguments: the directory, the number of clients, and how many writes each makes.
 */
const [dataDir = '', clients = '16', writesEach = 'Infinity'] = process.argv.slice(2)

const store = await openStore({
  type: 'sqlite',
  dataDir,
  clock: realClock,
  random: realRandom,
  log: silentLog,
  onFatal: (error) => {
    throw error
  },
})
const { revision: startRevision } = await store.status()

/** Synchronous, so that what was said is in the pipe when the process dies. */
function say(line: Line): void {
  let left = Buffer.from(`${JSON.stringify(line)}\n`)
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left))
    } catch (error) {
      // The pipe is full: its reader has not had its turn.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

say({ type: 'ready', revision: startRevision })
const watch = store.watch({
  after: startRevision,
  onEvents: ({ revision, events }) =>
    say({ type: 'delivered', revision, changes: events.map(changeOf) }),
  onEnd: (end) => {
    throw end.cause ?? new Error(`the watch ended: ${end.reason}`)
  },
})
await Promise.all(Array.from({ length: Number(clients) }, (_, i) => runClient(i)))
watch.close()
await store[Symbol.asyncDispose]()

async function runClient(client: number): Promise<void> {
  for (let i = 0; i < Number(writesEach); i++) {
    try {
      await write(client)
      if (client === 0 && i % 50 === 49) await forget()
    } catch (error) {
      if (error instanceof StoreError && error.reason === 'LeaseNotFound') continue
      throw asError(error)
    }
  }
}

/** One transaction of one to three keys that may or may not be what they were a moment ago. */
async function write(client: number): Promise<void> {
  const keys = new Set([`/own/${client}`, `/shared/${realRandom.integer(40)}`])
  if (realRandom.integer(4) === 0) keys.add(`/leased/${realRandom.integer(5)}`)
  const lease = keys.size === 3 ? await store.grantLease(1) : undefined
  const ops = [...keys].map((key): Op => {
    if (realRandom.integer(5) === 0) return { type: 'delete', key }
    const padding = 'x'.repeat(realRandom.integer(3_000))
    const value = new TextEncoder().encode(JSON.stringify({ uid: realRandom.uuid(), padding }))
    return { type: 'put', key, value, lease: key.startsWith('/leased') ? lease : undefined }
  })
  const { records } = await store.range({ start: '/own/', end: '/shared/~' })
  const current = new Map(records.map((record) => [record.key, record]))
  const compare =
    realRandom.integer(2) === 0
      ? []
      : ops.map(({ key }) => ({ key, modRevision: current.get(key)?.modRevision ?? 0 }))
  const { succeeded, revision } = await store.txn({ compare, ops })
  if (!succeeded) return
  // A deletion of what was not there is no change, and is seen in what the watch delivers.
  const changes = ops.flatMap((op): Change[] =>
    op.type === 'put' ? [['put', op.key, uidOf(op.value)]] : [],
  )
  if (changes.length > 0) say({ type: 'acknowledged', revision, changes })
}

/** History before this process goes, as a compactor would have it. */
async function forget(): Promise<void> {
  await store.compact({ start: '', end: '\0', revision: startRevision })
}

function changeOf(event: StoreEvent): Change {
  return event.type === 'put'
    ? ['put', event.record.key, uidOf(event.record.value)]
    : ['delete', event.key]
}

function uidOf(value: Uint8Array): string {
  const { uid } = JSON.parse(Buffer.from(value).toString()) as { uid?: string }
  return must(uid, 'every value carries its uid')
}
