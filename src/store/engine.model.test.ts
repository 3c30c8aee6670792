import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { seededRandom, silentLog } from '#base'
import { openEngine, type Engine } from './engine.ts'
import type { Journal } from './journal.ts'
import { MemoryJournal } from './memory-journal.ts'
import { SqliteJournal } from './sqlite-journal.ts'
import type { Op, WatchBatch } from './store.ts'
import { ownText, rejects, text, until } from './testing/contract.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { SimulatedDisk } from './testing/simulated-disk.ts'

/** What etcd's data model says, in the simplest words: a list of whole states. */
class Model {
  readonly states: { readonly revision: number; readonly keys: ReadonlyMap<string, ModelState> }[] =
    [{ revision: 1, keys: new Map() }]
  readonly batches: { readonly revision: number; readonly changes: readonly string[] }[] = []

  get now() {
    const newest = this.states.at(-1)
    assert.ok(newest)
    return newest
  }

  at(revision: number) {
    return this.states.findLast((state) => state.revision <= revision)?.keys ?? new Map()
  }

  txn(compare: readonly { key: string; modRevision: number }[], ops: readonly Op[]): boolean {
    const { revision, keys } = this.now
    if (compare.some((c) => (keys.get(c.key)?.mod ?? 0) !== c.modRevision)) return false
    const next = new Map(keys)
    const changes: string[] = []
    for (const op of ops) {
      const before = keys.get(op.key)
      const was = before?.value ?? 'nothing'
      if (op.type === 'delete') {
        if (!next.delete(op.key)) continue
        changes.push(`delete ${op.key} after ${was}`)
      } else {
        const version = (before?.version ?? 0) + 1
        const value = text(op.value)
        next.set(op.key, { value, mod: revision + 1, version })
        changes.push(`put ${op.key}=${value} v${version} after ${was}`)
      }
    }
    if (changes.length === 0) return true
    this.states.push({ revision: revision + 1, keys: next })
    this.batches.push({ revision: revision + 1, changes })
    return true
  }
}

interface ModelState {
  readonly value: string
  readonly mod: number
  readonly version: number
}

const keys = fc.constantFrom('a', 'b', 'b/c', 'c', 'é', '\u{1f600}', '\uffee')
const op = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: keys, value: fc.string({ maxLength: 3 }) }),
  fc.record({ type: fc.constant('delete' as const), key: keys }),
)
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('txn' as const),
      ops: fc.uniqueArray(op, { maxLength: 4, selector: ({ key }) => key }),
      compare: fc.uniqueArray(fc.record({ key: keys, isRight: fc.boolean() }), {
        maxLength: 2,
        selector: ({ key }) => key,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('compact' as const), share: fc.nat(100) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
)

const options = () => ({ clock: new ManualClock(), log: silentLog, random: seededRandom(1) })

function described(batch: WatchBatch) {
  const changes = batch.events.map((event) => {
    const was = event.previous === undefined ? 'nothing' : text(event.previous.value)
    if (event.type === 'delete') return `delete ${event.key} after ${was}`
    const { key, value, version } = event.record
    return `put ${key}=${text(value)} v${version} after ${was}`
  })
  return { revision: batch.revision, changes }
}

async function checkAll(engine: Engine, model: Model, floor: number): Promise<void> {
  const { revision } = model.now
  assert.equal(await engine.barrier(), revision)
  for (let at = floor; at <= revision; at++) {
    const { records, count } = await engine.range({
      start: '',
      end: '\0',
      revision: Math.max(1, at),
    })
    const found = records.map((record) => [
      record.key,
      { value: text(record.value), mod: record.modRevision, version: record.version },
    ])
    const expected = [...model.at(Math.max(1, at))].sort(([a], [b]) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )
    assert.deepEqual(found, expected)
    assert.equal(count, expected.length)
  }
  const seen: ReturnType<typeof described>[] = []
  const expected = model.batches.filter((batch) => batch.revision > floor)
  let ended = false
  const handle = engine.watch({
    after: floor,
    onEvents: (batch) => void seen.push(described(batch)),
    onEnd: () => (ended = true),
  })
  await until(() => ended || seen.length >= expected.length)
  handle.close()
  assert.deepEqual(seen, expected)
}

/** Gives a medium, and each of its calls a journal on that medium. */
type Medium = () => { journal(): Journal; dispose(): void }

const memory: Medium = () => {
  const journal = new MemoryJournal()
  return { journal: () => journal, dispose() {} }
}

const sqlite: Medium = () => {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-model-'))
  const clock = new ManualClock()
  return {
    journal: () => new SqliteJournal({ dir: join(dir, 'data'), clock, reserveBytes: 0 }),
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  }
}

for (const [name, medium, numRuns] of [
  ['memory', memory, 150],
  ['sqlite', sqlite, 8],
] as const) {
  test(`behaves as the model does, across compaction and restarts: ${name}`, async () => {
    const steps = fc.array(step, { maxLength: 60, size: 'max' })
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const on = medium()
        const model = new Model()
        let engine = await openEngine(on.journal(), options())
        let floor = 0
        for (const step of steps) {
          if (step.type === 'reopen') {
            await engine[Symbol.asyncDispose]()
            engine = await openEngine(on.journal(), options())
          } else if (step.type === 'compact') {
            const revision = Math.floor((model.now.revision * step.share) / 100)
            await engine.compact({ start: '', end: '\0', revision })
            floor = Math.max(floor, revision)
          } else {
            await applyTxn(step, engine, model)
          }
        }
        await checkAll(engine, model, floor)
        await engine[Symbol.asyncDispose]()
        on.dispose()
      }),
      { numRuns },
    )
  })
}

interface TxnStep {
  readonly ops: readonly { readonly type: 'put' | 'delete'; readonly key: string; value?: string }[]
  readonly compare: readonly { readonly key: string; readonly isRight: boolean }[]
}

async function applyTxn(step: TxnStep, engine: Engine, model: Model): Promise<void> {
  const compare = step.compare.map(({ key, isRight }) => ({
    key,
    modRevision: (model.now.keys.get(key)?.mod ?? 0) + (isRight ? 0 : 1),
  }))
  const ops = step.ops.map(({ key, value }): Op =>
    value === undefined ? { type: 'delete', key } : { type: 'put', key, value: ownText(value) },
  )
  const { succeeded, revision } = await engine.txn({ compare, ops })
  assert.equal(succeeded, model.txn(compare, ops))
  assert.equal(revision, model.now.revision)
}

test('after a crash of the disk, what was acknowledged is there and nothing is halved', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat({ max: 40 }), async (seed, crashAt) => {
      const random = seededRandom(seed)
      const clock = new ManualClock()
      const disk = new SimulatedDisk({ clock, random, latencyMaxMs: 10 })
      const services = { clock, log: silentLog, random }
      const opening = openEngine(disk.journal(), services)
      const engine = await opening
      const acknowledged = new Map<string, number>()
      const attempted = new Map<string, number>()
      for (let i = 0; i < 40; i++) {
        if (i === crashAt) disk.crash()
        const key = `k${random.integer(6)}`
        const twin = `${key}/twin`
        attempted.set(key, i)
        const value = ownText(`${i}`)
        const ops = [key, twin].map((name) => ({ type: 'put' as const, key: name, value }))
        void engine.txn({ compare: [], ops }).then(() => acknowledged.set(key, i))
        clock.advance(random.integer(8))
        for (let turn = 0; turn < 8; turn++) await Promise.resolve()
      }
      disk.crash()
      const after = await openEngine(disk.journal(), { ...services, clock })
      const { records } = await after.range({ start: '', end: '\0' })
      const state = new Map(records.map((record) => [record.key, Number(text(record.value))]))
      for (const [key, i] of acknowledged) assert.ok((state.get(key) ?? -1) >= i, `${key} lost`)
      for (const [key, value] of state) {
        if (key.endsWith('/twin')) continue
        assert.ok(value <= (attempted.get(key) ?? -1))
        assert.equal(state.get(`${key}/twin`), value, 'a transaction is whole')
      }
    }),
    { numRuns: 100 },
  )
})

test('a simulated disk fills up and breaks as a real one does', async () => {
  const clock = new ManualClock()
  const disk = new SimulatedDisk({ clock, random: seededRandom(7), latencyMaxMs: 0 })
  const engine = await openEngine(disk.journal(), options())
  const put = (key: string) =>
    engine.txn({ compare: [], ops: [{ type: 'put', key, value: ownText('x') }] })
  const remove = (key: string) => engine.txn({ compare: [], ops: [{ type: 'delete', key }] })
  await put('a')
  await put('b')
  disk.freeBytes = 0
  await rejects(put('c'), 'NoSpace')
  await remove('a')
  assert.equal((await engine.status()).keys, 1)
  disk.breakWith(new Error('input/output error'))
  await rejects(remove('b'), 'Unavailable')
  await rejects(engine.status(), 'Unavailable')
})
