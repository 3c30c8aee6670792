import { realClock, realRandom, silentLog, must } from '#base'
import { openStore, type Store } from '#store'
import { describeChange, type Change, type Line } from './record.ts'

/** What stood when the last round was checked. */
export interface Known {
  readonly revision: number
  readonly uids: ReadonlyMap<string, string>
}

export const nothingKnown: Known = { revision: 1, uids: new Map() }

export interface Verdict {
  readonly known: Known
  readonly acknowledged: number
  readonly delivered: number
  readonly problems: readonly string[]
}

/**
 * Opens what a killed process left and compares it with what it had said: nothing acknowledged is
 * lost, everything delivered is there as it was delivered, and revisions never go back. What was
 * written without having been said may be there or not, but whole transactions only.
 */
export async function checkAfterCrash(
  dataDir: string,
  before: Known,
  lines: readonly Line[],
): Promise<Verdict> {
  await using store = await openStore({
    type: 'sqlite',
    dataDir,
    clock: realClock,
    random: realRandom,
    log: silentLog,
  })
  const problems: string[] = []
  const { revision } = await store.status()
  const history = await readHistory(store, before.revision, revision)
  const said = lines.reduce((highest, line) => Math.max(highest, line.revision), before.revision)
  if (revision < said) problems.push(`the revision went back from ${said} to ${revision}`)

  let last = before.revision
  for (const line of lines) {
    if (line.type === 'ready') {
      if (line.revision < before.revision) problems.push(`started at ${line.revision}, went back`)
      continue
    }
    const there = (history.get(line.revision) ?? []).map(describeChange)
    const missing = line.changes.map(describeChange).filter((change) => !there.includes(change))
    for (const change of missing)
      problems.push(`${line.type} and lost: ${change} @${line.revision}`)
    if (line.type === 'acknowledged') continue
    if (there.length !== line.changes.length) problems.push(`delivered in part: @${line.revision}`)
    if (line.revision <= last) problems.push(`delivered twice or out of order: @${line.revision}`)
    last = line.revision
  }
  const deliveredRevisions = new Set(
    lines.filter((line) => line.type === 'delivered').map((line) => line.revision),
  )
  for (const line of lines) {
    // A reply never precedes its event.
    if (line.type === 'acknowledged' && !deliveredRevisions.has(line.revision)) {
      problems.push(`acknowledged and not delivered: @${line.revision}`)
    }
  }
  const uids = fold(before.uids, history)
  problems.push(...(await compareState(store, uids)))
  return {
    known: { revision, uids },
    acknowledged: lines.filter((line) => line.type === 'acknowledged').length,
    delivered: deliveredRevisions.size,
    problems,
  }
}

/** The changes of each revision after `after`, from the store's own history. */
async function readHistory(
  store: Store,
  after: number,
  upTo: number,
): Promise<Map<number, readonly Change[]>> {
  const history = new Map<number, readonly Change[]>()
  if (upTo <= after) return history
  await new Promise<void>((resolve, reject) => {
    const handle = store.watch({
      after,
      onEvents: ({ revision, events }) => {
        history.set(
          revision,
          events.map((event) =>
            event.type === 'put'
              ? ['put', event.record.key, uidOf(event.record.value)]
              : ['delete', event.key],
          ),
        )
        if (revision < upTo) return
        handle.close()
        resolve()
      },
      onEnd: ({ reason, cause }) => reject(cause ?? new Error(`the watch ended: ${reason}`)),
    })
  })
  return history
}

function fold(
  before: ReadonlyMap<string, string>,
  history: ReadonlyMap<number, readonly Change[]>,
): Map<string, string> {
  const uids = new Map(before)
  for (const changes of history.values()) {
    for (const [type, key, uid] of changes) {
      if (type === 'put') uids.set(key, uid)
      else uids.delete(key)
    }
  }
  return uids
}

async function compareState(store: Store, uids: ReadonlyMap<string, string>): Promise<string[]> {
  const { records } = await store.range({ start: '', end: '\0' })
  const problems: string[] = []
  const found = new Map(records.map((record) => [record.key, uidOf(record.value)]))
  for (const [key, uid] of uids) {
    if (found.get(key) !== uid) problems.push(`state differs from history at ${key}`)
  }
  for (const key of found.keys()) {
    if (!uids.has(key)) problems.push(`state holds what history does not: ${key}`)
  }
  return problems
}

function uidOf(value: Uint8Array): string {
  const { uid } = JSON.parse(Buffer.from(value).toString()) as { uid?: string }
  return must(uid, 'every value carries its uid')
}
