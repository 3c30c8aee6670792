import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, silentLog } from '#base'
import { openEngine, type Engine } from './engine.ts'
import type { ChangesPage, ReadChanges } from './journal.ts'
import * as limits from './limits.ts'
import { MemoryJournal } from './memory-journal.ts'
import type { Op, WatchEnd } from './store.ts'
import { ownText, until } from './testing/contract.ts'
import { ManualClock } from './testing/manual-clock.ts'

/** A memory journal that lets something happen before each read of history. */
class InterruptedJournal extends MemoryJournal {
  beforeRead: () => Promise<unknown> = async () => {}
  reads = 0

  override async readChanges(request: ReadChanges): Promise<ChangesPage> {
    this.reads++
    await this.beforeRead()
    return super.readChanges(request)
  }
}

async function scene() {
  const journal = new InterruptedJournal()
  const services = { clock: new ManualClock(), log: silentLog, random: seededRandom(1) }
  return { journal, engine: await openEngine(journal, services) }
}

async function fill(engine: Engine, transactions: number): Promise<void> {
  const writes = Array.from({ length: transactions }, (_, i) => {
    const ops: Op[] = [{ type: 'put', key: `k${i % 10}`, value: ownText(`${i}`) }]
    return engine.txn({ compare: [], ops })
  })
  await Promise.all(writes)
}

function follow(engine: Engine, after: number) {
  const revisions: number[] = []
  const ends: WatchEnd[] = []
  const handle = engine.watch({
    after,
    onEvents: (batch) => void revisions.push(batch.revision),
    onEnd: (end) => void ends.push(end),
  })
  return { revisions, ends, handle }
}

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)

test('a watch further behind than memory reaches reads the journal, then memory, then is live', async () => {
  const { journal, engine } = await scene()
  const count = limits.recentEventsMax * 3
  await fill(engine, count)
  const watch = follow(engine, 1)
  await until(() => watch.revisions.length === count)
  assert.ok(journal.reads > 1)
  await fill(engine, 5)
  assert.deepEqual(watch.revisions, from(2, count + 5))
})

test('writes during the replay are neither lost nor seen twice', async () => {
  const { journal, engine } = await scene()
  await fill(engine, limits.recentEventsMax * 2)
  let more = 4
  journal.beforeRead = async () => {
    // Each time as many as memory holds, so that it moves on under the replay.
    if (more-- > 0) await fill(engine, limits.recentEventsMax)
  }
  const watch = follow(engine, 1)
  const count = limits.recentEventsMax * 6
  await until(() => watch.revisions.length >= count)
  assert.deepEqual(watch.revisions, from(2, count))
})

test('a watch that would replay too much ends, and can start from a range', async () => {
  const { engine } = await scene()
  await fill(engine, limits.replayEventsMax + limits.recentEventsMax + 10)
  const watch = follow(engine, 1)
  await until(() => watch.ends.length === 1)
  assert.equal(watch.ends[0]?.reason, 'Compacted')
  const seen = watch.revisions.length
  await fill(engine, 1)
  assert.equal(watch.revisions.length, seen, 'nothing comes after the end')
})

test('compaction under a replay ends it', async () => {
  const { journal, engine } = await scene()
  await fill(engine, limits.recentEventsMax * 2)
  const revision = await engine.barrier()
  journal.beforeRead = () => engine.compact({ start: '', end: '\0', revision })
  const watch = follow(engine, 1)
  await until(() => watch.ends.length === 1)
  assert.equal(watch.ends[0]?.reason, 'Compacted')
  assert.deepEqual(watch.revisions, [])
})

test('a journal that cannot be read ends the watch', async () => {
  const { journal, engine } = await scene()
  await fill(engine, limits.recentEventsMax * 2)
  journal.beforeRead = () => Promise.reject(new Error('input/output error'))
  const watch = follow(engine, 1)
  await until(() => watch.ends.length === 1)
  assert.equal(watch.ends[0]?.reason, 'Failed')
})

test('a watch closed by the receiver of an event hears nothing more, also in a replay', async () => {
  const { engine } = await scene()
  await fill(engine, 10)
  const seen: number[] = []
  const handle = engine.watch({
    after: 1,
    onEvents: ({ revision }) => {
      seen.push(revision)
      handle.close()
    },
    onEnd: () => assert.fail('a closed watch does not end'),
  })
  await fill(engine, 10)
  await until(() => seen.length > 0)
  await fill(engine, 10)
  assert.deepEqual(seen, [2])
})
