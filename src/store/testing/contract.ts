import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { realClock } from '#base'
import {
  prefixEnd,
  StoreError,
  type KeyValue,
  type Store,
  type StoreErrorReason,
  type WatchBatch,
  type WatchEnd,
} from '../store.ts'

export interface ContractStore {
  readonly store: Store
  /** The test's own part of the key space; nobody else writes there. */
  readonly prefix: string
}

export interface ContractTraits {
  /** Compacts key ranges separately; etcd compacts everything at once. */
  readonly compactsRanges: boolean
  /** Lets `seconds` pass for the store's leases. */
  passTime(seconds: number): Promise<void>
}

/**
 * What the contract promises, as tests: every implementation runs them. `open`
 * gives a store for one test and disposes of it through the test's `after`.
 */
export function runStoreContract(
  name: string,
  open: (t: TestContext) => Promise<ContractStore>,
  traits: ContractTraits,
): void {
  const contract = (title: string, run: (at: Scene) => Promise<void>): void => {
    void test(title, { timeout: 30_000 }, async (t) => {
      const { store, prefix } = await open(t)
      await run(new Scene(store, prefix))
    })
  }

  void describe(`store contract: ${name}`, () => {
    contract('a put can be read back as it was written', async (at) => {
      const revision = await at.put('a', 'one')
      const { records, count, revision: readAt } = await at.list()
      assert.deepEqual(plain(records), [
        { key: at.key('a'), value: 'one', create: revision, mod: revision, version: 1 },
      ])
      assert.equal(count, 1)
      assert.ok(readAt >= revision)
      assert.equal(records[0]?.lease, undefined)
    })

    contract('versions and revisions count up, creation stays', async (at) => {
      const first = await at.put('a', 'one')
      const second = await at.put('a', 'two')
      assert.ok(second > first)
      assert.deepEqual(plain((await at.list()).records), [
        { key: at.key('a'), value: 'two', create: first, mod: second, version: 2 },
      ])
      await at.delete('a')
      const again = await at.put('a', 'three')
      assert.deepEqual(plain((await at.list()).records), [
        { key: at.key('a'), value: 'three', create: again, mod: again, version: 1 },
      ])
    })

    contract('keys come in the order of their UTF-8 bytes', async (at) => {
      const names = ['b', 'a', 'a/b', 'a0', 'é', '\uffee', '\u{1f600}', '~', 'Z']
      for (const name of names) await at.put(name, name)
      const expected = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      const { records } = await at.list()
      assert.deepEqual(
        records.map((record) => record.key),
        expected.map((name) => at.key(name)),
      )
      // The prefix of this test is followed by nothing of its own, so an open end is safe to count.
      const open = await at.store.range({ start: at.key('~'), end: '\0', countOnly: true })
      assert.ok(open.count >= 4)
    })

    contract('limits cut the records and not the count', async (at) => {
      for (const name of ['a', 'b', 'c', 'd']) await at.put(name, name)
      const some = await at.list({ limit: 2 })
      assert.deepEqual(names(at, some.records), ['a', 'b'])
      assert.equal(some.count, 4)
      assert.equal((await at.list({ limit: 0 })).records.length, 4)
      const counted = await at.list({ countOnly: true })
      assert.deepEqual([counted.records.length, counted.count], [0, 4])
      const none = await at.store.range({ start: at.key('x'), end: at.key('x') })
      assert.deepEqual([none.records.length, none.count], [0, 0])
    })

    contract('a compare that fails changes nothing and says what stands', async (at) => {
      const first = await at.put('a', 'one')
      const stale = await at.store.txn({
        compare: [
          { key: at.key('a'), modRevision: first - 1 },
          { key: at.key('b'), modRevision: 0 },
        ],
        ops: [at.putOp('a', 'lost'), at.putOp('b', 'lost')],
      })
      assert.equal(stale.succeeded, false)
      assert.equal(stale.current.length, 2)
      assert.equal(text(stale.current[0]?.value), 'one')
      assert.equal(stale.current[0]?.modRevision, first)
      assert.equal(stale.current[1], undefined)
      assert.ok(stale.revision >= first)
      assert.deepEqual(names(at, (await at.list()).records), ['a'])
    })

    contract('a compare with revision 0 creates once', async (at) => {
      const create = () =>
        at.store.txn({
          compare: [{ key: at.key('a'), modRevision: 0 }],
          ops: [at.putOp('a', 'one')],
        })
      const [first, second] = await Promise.all([create(), create()])
      assert.deepEqual(
        [first.succeeded, second.succeeded].filter((succeeded) => succeeded),
        [true],
      )
    })

    contract('all operations of a transaction carry one revision', async (at) => {
      await at.put('c', 'old')
      const { revision, succeeded, current } = await at.store.txn({
        compare: [],
        ops: [at.putOp('a', '1'), at.putOp('b', '2'), { type: 'delete', key: at.key('c') }],
      })
      assert.deepEqual([succeeded, current], [true, []])
      const { records } = await at.list()
      assert.deepEqual(
        records.map((record) => record.modRevision),
        [revision, revision],
      )
    })

    contract('deleting what is not there changes nothing', async (at) => {
      const before = await at.put('a', 'one')
      const { succeeded, revision } = await at.store.txn({
        compare: [],
        ops: [{ type: 'delete', key: at.key('x') }],
      })
      assert.equal(succeeded, true)
      assert.ok(revision >= before)
      const after = await at.put('a', 'two')
      assert.ok(after > before)
    })

    contract('what the store keeps does not change with the caller’s buffer', async (at) => {
      const pooled = Buffer.from('pooled')
      await at.store.txn({
        compare: [],
        ops: [{ type: 'put', key: at.key('a'), value: pooled }],
      })
      pooled.fill(0)
      const [record] = (await at.list()).records
      assert.equal(text(record?.value), 'pooled')
      assert.equal(record?.value.buffer.byteLength, record?.value.byteLength)
    })

    contract('binary values and empty values are kept as they are', async (at) => {
      const bytes = new Uint8Array(256).map((_, i) => i)
      await at.store.txn({
        compare: [],
        ops: [
          { type: 'put', key: at.key('bytes'), value: bytes },
          { type: 'put', key: at.key('empty'), value: new Uint8Array() },
        ],
      })
      const { records } = await at.list()
      assert.deepEqual([...(records[0]?.value ?? [])], [...bytes])
      assert.equal(records[1]?.value.byteLength, 0)
    })

    contract('requests that cannot be kept are refused', async (at) => {
      const put = (key: string, value = new Uint8Array(1)) =>
        at.store.txn({ compare: [], ops: [{ type: 'put', key, value }] })
      await rejects(put(''), 'Invalid')
      await rejects(put(at.key('a\0b')), 'Invalid')
      await rejects(put(at.key('\ud800')), 'Invalid')
      await rejects(put(at.key('x'.repeat(5_000))), 'Invalid')
      await rejects(put(at.key('big'), new Uint8Array(1_600_000)), 'Invalid')
      const twice = { compare: [], ops: [at.putOp('a', '1'), at.putOp('a', '2')] }
      await rejects(at.store.txn(twice), 'Invalid')
      const many = Array.from({ length: 129 }, (_, i) => at.putOp(`k${i}`, ''))
      await rejects(at.store.txn({ compare: [], ops: many }), 'Invalid')
      await rejects(at.list({ limit: -1 }), 'Invalid')
      await rejects(at.list({ revision: 0 }), 'Invalid')
      await rejects(at.store.grantLease(0), 'Invalid')
      assert.equal((await at.list()).count, 0)
    })

    contract('an older revision can be read', async (at) => {
      const first = await at.put('a', 'one')
      const second = await at.put('b', 'two')
      await at.put('a', 'three')
      const fourth = await at.delete('b')
      await at.put('c', 'five')
      const past = async (revision: number) => {
        const { records, count, revision: readAt } = await at.list({ revision })
        assert.equal(count, records.length)
        assert.equal(readAt, revision)
        return records.map((record) => `${record.key.at(-1)}=${text(record.value)}`)
      }
      assert.deepEqual(await past(first), ['a=one'])
      assert.deepEqual(await past(second), ['a=one', 'b=two'])
      assert.deepEqual(await past(fourth - 1), ['a=three', 'b=two'])
      assert.deepEqual(await past(fourth), ['a=three'])
      const limited = await at.list({ revision: second, limit: 1 })
      assert.deepEqual([limited.records.length, limited.count], [1, 2])
      const counted = await at.list({ revision: second, countOnly: true })
      assert.deepEqual([counted.records.length, counted.count], [0, 2])
    })

    contract('a revision that has not happened cannot be read', async (at) => {
      const { revision } = await at.list()
      await rejects(at.list({ revision: revision + 1_000 }), 'FutureRevision')
    })

    contract('compaction takes the history before a revision', async (at) => {
      const first = await at.put('a', 'one')
      await at.put('a', 'two')
      const third = await at.put('a', 'three')
      const newest = await at.put('b', 'four')
      await at.store.compact({ start: '', end: '\0', revision: third })
      await rejects(at.list({ revision: first }), 'Compacted')
      assert.deepEqual(plain((await at.list({ revision: third })).records)[0]?.value, 'three')
      assert.equal((await at.list({ revision: newest })).count, 2)
      assert.equal((await at.watched(first - 1)).end?.reason, 'Compacted')
      const watch = await at.watched(third, 1)
      assert.deepEqual(watch.changes, [`put b=four after nothing @${newest}`])
      // Once more, and to an older one: nothing is left to do.
      await at.store.compact({ start: '', end: '\0', revision: third })
      await at.store.compact({ start: '', end: '\0', revision: first })
      await rejects(
        at.store.compact({ start: '', end: '\0', revision: newest + 1_000 }),
        'FutureRevision',
      )
    })

    if (traits.compactsRanges) {
      contract('compaction of one key range leaves the others', async (at) => {
        await at.put('pods/a', 'one')
        const before = await at.put('leases/a', 'one')
        await at.put('leases/a', 'two')
        await at.put('pods/a', 'two')
        const newest = await at.delete('leases/a')
        const range = { start: at.key('leases/'), end: at.key('leases0') }
        await at.store.compact({ ...range, revision: newest })
        await rejects(at.store.range({ ...range, revision: before }), 'Compacted')
        const pods = { start: at.key('pods/'), end: at.key('pods0') }
        const past = await at.store.range({ ...pods, revision: before })
        assert.deepEqual(plain(past.records)[0]?.value, 'one')
        await rejects(at.list({ revision: before }), 'Compacted')
        const replay = await at.watched(before, 1, pods)
        assert.deepEqual(replay.changes, [`put pods/a=two after one @${newest - 1}`])
        assert.equal((await at.watched(before, 1, range)).end?.reason, 'Compacted')
      })
    }

    contract('a watch sees each change once, in order, with what was before', async (at) => {
      const { revision: start } = await at.list()
      const watch = at.watch(start)
      const one = await at.put('a', 'one')
      const two = await at.put('a', 'two')
      const three = await at.delete('a')
      await watch.until(3)
      assert.deepEqual(watch.changes, [
        `put a=one after nothing @${one}`,
        `put a=two after one @${two}`,
        `delete a after two @${three}`,
      ])
      watch.close()
    })

    contract('a watch gets a transaction whole', async (at) => {
      const watch = at.watch((await at.list()).revision)
      const ops = Array.from({ length: 100 }, (_, i) => at.putOp(`k${i}`, `${i}`))
      const { revision } = await at.store.txn({ compare: [], ops })
      await watch.until(100)
      assert.equal(watch.batches.length, 1)
      assert.equal(watch.batches[0]?.revision, revision)
      watch.close()
    })

    contract('a watch from an older revision replays without gap or duplicate', async (at) => {
      const start = await at.put('a', '0')
      const expected: string[] = []
      for (let i = 1; i <= 30; i++) {
        const revision = await at.put('a', `${i}`)
        expected.push(`put a=${i} after ${i - 1} @${revision}`)
      }
      const watch = at.watch(start)
      for (let i = 31; i <= 60; i++) {
        const revision = await at.put('a', `${i}`)
        expected.push(`put a=${i} after ${i - 1} @${revision}`)
      }
      await watch.until(60)
      assert.deepEqual(watch.changes, expected)
      watch.close()
    })

    contract('a watch from a revision to come waits for it', async (at) => {
      const now = await at.put('a', '0')
      const watch = at.watch(now + 2)
      for (const value of ['1', '2']) await at.put('a', value)
      const third = await at.put('a', '3')
      await watch.until(1)
      assert.deepEqual(watch.changes, [`put a=3 after 2 @${third}`])
      watch.close()
    })

    contract('a closed watch hears nothing more', async (at) => {
      const { revision } = await at.list()
      const closed = at.watch(revision)
      const open = at.watch(revision)
      closed.close()
      await at.put('a', 'one')
      await open.until(1)
      assert.deepEqual([closed.changes, closed.end], [[], undefined])
      open.close()
    })

    contract('writes from many callers each get their own revision', async (at) => {
      const watch = at.watch((await at.list()).revision)
      const writes = Array.from({ length: 200 }, (_, i) => at.put(`k${i % 20}`, `${i}`))
      const revisions = await Promise.all(writes)
      assert.equal(new Set(revisions).size, 200)
      await watch.until(200)
      const seen = watch.batches.map((batch) => batch.revision)
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      )
      assert.deepEqual(new Set(seen), new Set(revisions))
      watch.close()
    })

    contract('of many compare-and-swaps on one revision, one wins', async (at) => {
      const revision = await at.put('a', 'start')
      const swaps = Array.from({ length: 20 }, (_, i) =>
        at.store.txn({
          compare: [{ key: at.key('a'), modRevision: revision }],
          ops: [at.putOp('a', `${i}`)],
        }),
      )
      const results = await Promise.all(swaps)
      assert.equal(results.filter((result) => result.succeeded).length, 1)
      const winner = results.find((result) => result.succeeded)
      for (const result of results) {
        if (result.succeeded) continue
        assert.equal(result.current[0]?.modRevision, winner?.revision)
        assert.ok(result.revision >= (winner?.revision ?? Infinity))
      }
    })

    contract('the barrier is not behind what was acknowledged', async (at) => {
      for (let i = 0; i < 5; i++) {
        const revision = await at.put('a', `${i}`)
        assert.ok((await at.store.barrier()) >= revision)
      }
    })

    contract('revoking a lease deletes its keys, in the watch too', async (at) => {
      const lease = await at.store.grantLease(600)
      const revision = await at.put('a', 'leased', lease)
      await at.put('b', 'leased', lease)
      await at.put('b', 'free')
      assert.equal((await at.list()).records[0]?.lease, lease)
      assert.equal((await at.list()).records[1]?.lease, undefined)
      const watch = at.watch((await at.list()).revision)
      await at.store.renewLease(lease)
      await at.store.revokeLease(lease)
      assert.deepEqual(names(at, (await at.list()).records), ['b'])
      await watch.until(1)
      assert.equal(watch.batches[0]?.events[0]?.previous?.modRevision, revision)
      await at.store.revokeLease(lease)
      await rejects(at.store.renewLease(lease), 'LeaseNotFound')
      await rejects(at.put('c', 'late', lease), 'LeaseNotFound')
      watch.close()
    })

    contract('a lease that is not renewed ends and takes its keys', async (at) => {
      const watch = at.watch((await at.list()).revision)
      const lease = await at.store.grantLease(2)
      await at.put('a', 'leased', lease)
      await traits.passTime(1)
      await at.store.renewLease(lease)
      await traits.passTime(1.5)
      assert.deepEqual(names(at, (await at.list()).records), ['a'])
      await traits.passTime(3)
      await watch.until(2)
      assert.equal((await at.list()).count, 0)
      watch.close()
    })

    contract('a snapshot is one consistent state', async (at) => {
      await at.put('a', 'one')
      const stream = at.store.snapshot()
      let bytes = 0
      for await (const chunk of stream) bytes += chunk.byteLength
      assert.ok(bytes > 32)
    })

    contract('status tells revision and size, health is good', async (at) => {
      const revision = await at.put('a', 'one')
      const status = await at.store.status()
      assert.ok(status.revision >= revision)
      assert.ok(status.keys >= 1)
      assert.deepEqual(at.store.health(), { ok: true })
    })

    contract('a closed store refuses everything and ends its watches', async (at) => {
      const watch = at.watch((await at.list()).revision)
      await at.store[Symbol.asyncDispose]()
      await at.store[Symbol.asyncDispose]()
      assert.equal(watch.end?.reason, 'Closed')
      await rejects(at.put('a', 'one'), 'Unavailable')
      await rejects(at.list(), 'Unavailable')
      await rejects(at.store.barrier(), 'Unavailable')
      assert.equal(at.store.health().ok, false)
    })
  })
}

/** A store and one test's part of its keys. */
class Scene {
  readonly store: Store
  readonly #prefix: string

  constructor(store: Store, prefix: string) {
    this.store = store
    this.#prefix = prefix
  }

  key(name: string): string {
    return this.#prefix + name
  }

  putOp(name: string, value: string, lease?: string) {
    return { type: 'put' as const, key: this.key(name), value: ownText(value), lease }
  }

  async put(name: string, value: string, lease?: string): Promise<number> {
    const ops = [this.putOp(name, value, lease)]
    return (await this.store.txn({ compare: [], ops })).revision
  }

  async delete(name: string): Promise<number> {
    const ops = [{ type: 'delete' as const, key: this.key(name) }]
    return (await this.store.txn({ compare: [], ops })).revision
  }

  list(options: { limit?: number; revision?: number; countOnly?: boolean } = {}) {
    return this.store.range({ ...this.#range, ...options })
  }

  watch(after: number, range = this.#range): Watch {
    return new Watch(this.store, after, range, this.#prefix)
  }

  /** What a watch delivers until it ends or has this many changes. */
  async watched(after: number, changes = Infinity, range = this.#range): Promise<Watch> {
    const watch = this.watch(after, range)
    await watch.until(changes)
    watch.close()
    return watch
  }

  get #range() {
    return { start: this.#prefix, end: prefixEnd(this.#prefix) }
  }
}

class Watch {
  readonly batches: WatchBatch[] = []
  end: WatchEnd | undefined
  readonly close: () => void
  readonly #prefix: string

  constructor(
    store: Store,
    after: number,
    range: { readonly start: string; readonly end: string },
    prefix: string,
  ) {
    this.#prefix = prefix
    const handle = store.watch({
      after,
      range,
      onEvents: (batch) => void this.batches.push(batch),
      onEnd: (end) => void (this.end = end),
    })
    this.close = () => handle.close()
  }

  get changes(): string[] {
    const name = (key: string) => key.slice(this.#prefix.length)
    return this.batches.flatMap(({ revision, events }) =>
      events.map((event) => {
        const before = event.previous === undefined ? 'nothing' : text(event.previous.value)
        if (event.type === 'delete') return `delete ${name(event.key)} after ${before} @${revision}`
        assert.equal(event.record.modRevision, revision)
        return `put ${name(event.record.key)}=${text(event.record.value)} after ${before} @${revision}`
      }),
    )
  }

  async until(changes: number): Promise<void> {
    await until(() => this.changes.length >= changes || this.end !== undefined)
  }
}

/** Yields until the condition holds; fails after ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = realClock.elapsed() + 10_000
  while (!holds()) {
    assert.ok(realClock.elapsed() < deadline, 'the condition holds within ten seconds')
    await realClock.yield()
  }
}

export async function rejects(work: Promise<unknown>, reason: StoreErrorReason): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof StoreError, String(error))
    assert.equal(error.reason, reason, error.message)
    return true
  })
}

export function text(value: Uint8Array | undefined): string {
  return Buffer.from(value ?? []).toString()
}

/** Text as bytes with an ArrayBuffer of their own. */
export function ownText(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function plain(records: readonly KeyValue[]) {
  return records.map((record) => ({
    key: record.key,
    value: text(record.value),
    create: record.createRevision,
    mod: record.modRevision,
    version: record.version,
  }))
}

function names(at: Scene, records: readonly KeyValue[]): string[] {
  return records.map((record) => record.key.slice(at.key('').length))
}
