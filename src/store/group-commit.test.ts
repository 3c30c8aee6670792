import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, silentLog } from '#base'
import { openEngine, type Engine } from './engine.ts'
import type { JournalBatch } from './journal.ts'
import * as limits from './limits.ts'
import { MemoryJournal } from './memory-journal.ts'
import { StoreError, type TxnResult } from './store.ts'
import { ownText, rejects, text } from './testing/contract.ts'
import { ManualClock } from './testing/manual-clock.ts'

/** A memory journal whose appends wait until the test says how they end. */
class GatedJournal extends MemoryJournal {
  readonly waiting: {
    readonly batch: JournalBatch
    succeed(): Promise<void>
    fail(error: Error): Promise<void>
  }[] = []
  hasSpace = false
  failByItself: (error: Error) => void = () => {}

  override open(onFailure?: (error: Error) => void) {
    if (onFailure !== undefined) this.failByItself = onFailure
    return super.open()
  }

  override append(batch: JournalBatch): Promise<void> {
    const gate = Promise.withResolvers<void>()
    const settled = async () => {
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
    this.waiting.push({
      batch,
      succeed: async () => {
        gate.resolve(super.append(batch))
        await settled()
      },
      fail: async (error) => {
        gate.reject(error)
        await settled()
      },
    })
    return gate.promise
  }

  override async reclaim(): Promise<boolean> {
    return this.hasSpace
  }

  get next() {
    const next = this.waiting.shift()
    assert.ok(next, 'an append waits')
    return next
  }
}

async function scene() {
  const journal = new GatedJournal()
  const clock = new ManualClock()
  const fatal: Error[] = []
  const engine = await openEngine(journal, {
    clock,
    log: silentLog,
    random: seededRandom(1),
    onFatal: (error) => void fatal.push(error),
  })
  return { journal, clock, engine, fatal }
}

const put = (engine: Engine, key: string, value: string, modRevision?: number) =>
  engine.txn({
    compare: modRevision === undefined ? [] : [{ key, modRevision }],
    ops: [{ type: 'put', key, value: ownText(value) }],
  })

const remove = (engine: Engine, key: string) =>
  engine.txn({ compare: [], ops: [{ type: 'delete', key }] })

const contents = async (engine: Engine) =>
  (await engine.range({ start: '', end: '\0' })).records.map(
    (record) => `${record.key}=${text(record.value)}`,
  )

/** Lets every promise that is ready run. */
const turn = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)))

/** How a promise stands, without waiting for it. */
async function stateOf(work: Promise<unknown>): Promise<string> {
  const settled = work.then(
    () => 'resolved',
    () => 'rejected',
  )
  return Promise.race([
    settled,
    turn()
      .then(() => turn())
      .then(() => 'pending'),
  ])
}

const ioError = new Error('input/output error')
const noSpace = new StoreError('NoSpace', 'the disk is full')

test('what one tick brings is one batch, what comes meanwhile is the next', async () => {
  const { journal, engine } = await scene()
  const first = [put(engine, 'a', '1'), put(engine, 'b', '2')]
  await turn()
  assert.equal(journal.waiting.length, 1)
  const second = [put(engine, 'c', '3'), put(engine, 'd', '4'), put(engine, 'e', '5')]
  await turn()
  assert.equal(journal.waiting.length, 1, 'one append is in flight at a time')
  const one = journal.next
  assert.equal(one.batch.transactions.length, 2)
  await one.succeed()
  await Promise.all(first)
  const two = journal.next
  assert.equal(two.batch.transactions.length, 3)
  await two.succeed()
  await Promise.all(second)
})

test('nothing is seen before it is durable, and all of it together', async () => {
  const { journal, engine } = await scene()
  const order: string[] = []
  engine.watch({
    after: 1,
    onEvents: (batch) => void order.push(`event ${batch.revision}`),
    onEnd: () => {},
  })
  const writes = [put(engine, 'a', '1'), put(engine, 'b', '2')]
  for (const write of writes) void write.then(({ revision }) => order.push(`reply ${revision}`))
  await turn()
  assert.deepEqual(await contents(engine), [])
  assert.equal(await engine.barrier(), 1)
  assert.deepEqual(order, [])
  await journal.next.succeed()
  await Promise.all(writes)
  assert.deepEqual(order, ['event 2', 'event 3', 'reply 2', 'reply 3'])
  assert.deepEqual(await contents(engine), ['a=1', 'b=2'])
})

test('a refusal waits until what it was decided from is durable', async () => {
  const { journal, engine } = await scene()
  const write = put(engine, 'a', '1')
  await turn()
  const refused = put(engine, 'a', '2', 0)
  const nothing = remove(engine, 'absent')
  assert.equal(await stateOf(refused), 'pending')
  assert.equal(await stateOf(nothing), 'pending')
  await journal.next.succeed()
  await write
  const { succeeded, current, revision } = await refused
  assert.deepEqual([succeeded, text(current[0]?.value), revision], [false, '1', 2])
  assert.equal((await nothing).succeeded, true)
})

test('a refusal fails when what it was decided from failed', async () => {
  const { journal, engine } = await scene()
  const write = put(engine, 'a', '1')
  await turn()
  const refused = put(engine, 'a', '2', 0)
  await journal.next.fail(noSpace)
  await rejects(write, 'NoSpace')
  await rejects(refused, 'NoSpace')
})

test('decisions are made against head: a second compare-and-swap sees the first', async () => {
  const { journal, engine } = await scene()
  const writes = [put(engine, 'a', '1', 0), put(engine, 'a', '2', 0), put(engine, 'a', '3', 2)]
  await turn()
  await journal.next.succeed()
  const results: TxnResult[] = await Promise.all(writes)
  assert.deepEqual(
    results.map(({ succeeded }) => succeeded),
    [true, false, true],
  )
})

test('a failed append fails what was decided after it, and head returns to durable', async () => {
  const { journal, engine } = await scene()
  const before = put(engine, 'a', 'kept')
  await turn()
  await journal.next.succeed()
  await before
  const first = put(engine, 'a', 'lost')
  await turn()
  const second = put(engine, 'b', 'lost too')
  await turn()
  await journal.next.fail(noSpace)
  await rejects(first, 'NoSpace')
  await rejects(second, 'NoSpace')
  assert.equal(journal.waiting.length, 0)
  assert.deepEqual(await contents(engine), ['a=kept'])
  assert.equal(await engine.barrier(), 2)
})

test('a full store refuses puts, serves reads and deletes, and recovers', async () => {
  const { journal, clock, engine, fatal } = await scene()
  const writes = [put(engine, 'a', '1'), put(engine, 'b', '2')]
  await turn()
  await journal.next.succeed()
  await Promise.all(writes)
  const failed = put(engine, 'c', '3')
  await turn()
  await journal.next.fail(noSpace)
  await rejects(failed, 'NoSpace')
  assert.deepEqual(engine.health(), { ok: false, writable: false, reason: 'the disk is full' })
  await rejects(put(engine, 'c', '3'), 'NoSpace')
  await rejects(engine.grantLease(10), 'NoSpace')
  const removed = remove(engine, 'a')
  await turn()
  await journal.next.succeed()
  const { revision } = await removed
  assert.ok(revision > 4, 'a revision that was given out once is not given out again')
  assert.deepEqual(await contents(engine), ['b=2'])
  clock.advance(limits.spaceProbeMs)
  await turn()
  assert.equal(engine.health().ok, false)
  journal.hasSpace = true
  clock.advance(limits.spaceProbeMs)
  await turn()
  assert.deepEqual(engine.health(), { ok: true })
  const again = put(engine, 'c', '3')
  await turn()
  await journal.next.succeed()
  await again
  assert.deepEqual(await contents(engine), ['b=2', 'c=3'])
  assert.deepEqual(fatal, [])
})

test('any other failure stops the store for good', async () => {
  const { journal, engine, fatal } = await scene()
  const ends: string[] = []
  engine.watch({ after: 1, onEvents: () => {}, onEnd: ({ reason }) => void ends.push(reason) })
  const first = put(engine, 'a', '1')
  await turn()
  const second = put(engine, 'b', '2')
  await journal.next.fail(ioError)
  await rejects(first, 'Unavailable')
  await rejects(second, 'Unavailable')
  assert.equal(fatal.length, 1)
  assert.equal(fatal[0]?.cause, ioError)
  assert.deepEqual(ends, ['Failed'])
  assert.equal(engine.health().ok, false)
  await rejects(put(engine, 'a', '1'), 'Unavailable')
  await rejects(engine.range({ start: '', end: '\0' }), 'Unavailable')
  await rejects(engine.barrier(), 'Unavailable')
  await engine[Symbol.asyncDispose]()
})

test('a journal that fails while nothing is asked of it stops the store, too', async () => {
  const { journal, engine, fatal } = await scene()
  journal.failByItself(ioError)
  assert.equal(fatal.length, 1)
  assert.equal(engine.health().ok, false)
  await rejects(put(engine, 'a', '1'), 'Unavailable')
})

test('a failed append takes back leases and what hangs on them', async () => {
  const { journal, clock, engine } = await scene()
  const granting = engine.grantLease(10)
  await turn()
  await journal.next.succeed()
  const lease = await granting
  const leased = engine.txn({
    compare: [],
    ops: [{ type: 'put', key: 'a', value: ownText('1'), lease }],
  })
  await turn()
  await journal.next.succeed()
  await leased
  const detached = put(engine, 'a', 'free')
  await turn()
  const revoked = engine.revokeLease(lease)
  await journal.next.fail(noSpace)
  await rejects(detached, 'NoSpace')
  await rejects(revoked, 'NoSpace')
  await engine.renewLease(lease)
  clock.advance(10_000)
  await turn()
  const { batch, ...append } = journal.next
  assert.equal(batch.transactions[0]?.events[0]?.type, 'delete')
  assert.deepEqual(batch.leases, [{ type: 'revoke', id: lease }])
  await append.succeed()
  assert.deepEqual(await contents(engine), [])
  await rejects(engine.renewLease(lease), 'LeaseNotFound')
})

test('a batch that is full leaves the rest to the next', async () => {
  const { journal, engine } = await scene()
  const count = limits.batchTransactionsMax + 10
  const writes = Array.from({ length: count }, (_, i) => put(engine, `k${i}`, ''))
  await turn()
  const first = journal.next
  assert.equal(first.batch.transactions.length, limits.batchTransactionsMax)
  await first.succeed()
  assert.equal((await engine.range({ start: '', end: '\0' })).count, limits.batchTransactionsMax)
  await journal.next.succeed()
  await Promise.all(writes)
  assert.equal((await engine.range({ start: '', end: '\0' })).count, count)
})

test('too many writes in waiting are refused before they are decided', async () => {
  const { journal, engine } = await scene()
  const writes = Array.from({ length: limits.pendingTransactionsMax }, () => put(engine, 'a', ''))
  await rejects(put(engine, 'b', ''), 'Unavailable')
  while (journal.waiting.length === 0) await turn()
  while (journal.waiting.length > 0) await journal.next.succeed()
  await Promise.all(writes)
  assert.deepEqual(await contents(engine), ['a='])
})

test('closing waits for what is in flight', async () => {
  const { journal, engine } = await scene()
  const write = put(engine, 'a', '1')
  await turn()
  const closed = engine[Symbol.asyncDispose]()
  assert.equal(await stateOf(closed), 'pending')
  await journal.next.succeed()
  await closed
  assert.equal((await write).succeeded, true)
})
