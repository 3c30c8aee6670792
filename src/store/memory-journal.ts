import { must, OrderedMap } from '#base'
import type {
  ChangesPage,
  CompactedSlice,
  CompactSlice,
  Journal,
  JournalBatch,
  JournalState,
  JournalUsage,
  LeaseGrant,
  RangePage,
  ReadChanges,
  ReadRange,
} from './journal.ts'
import { Floors, inRange } from './floors.ts'
import { upperBound } from './key-range.ts'
import { recordBytes } from './keyspace.ts'
import type { KeyValue, LeaseId, Revision, StoreEvent, WatchBatch } from './store.ts'

/**
 * A journal that lasts as long as the object: for clusters in a test process, and as the model of
 * what the other journals must answer. Everything resolves by promises alone. `open` may be called
 * again after `close`, and finds what was there.
 */
export class MemoryJournal implements Journal {
  /** Every change that is kept, oldest first; compaction leaves holes that are swept later. */
  #changes: Change[] = []
  #holes = 0
  /** The states of each key that are kept, oldest first. */
  readonly #byKey = OrderedMap.empty<Change[]>().edit()
  readonly #leases = new Map<LeaseId, LeaseGrant>()
  readonly #floors = new Floors()
  #revision: Revision = 1
  #lastAt = 0
  #bytes = 0

  async open(): Promise<JournalState> {
    return {
      revision: this.#revision,
      lastAt: this.#lastAt,
      leases: [...this.#leases.values()],
      floors: this.#floors.all,
    }
  }

  async *records(): AsyncGenerator<readonly KeyValue[], undefined> {
    const records: KeyValue[] = []
    for (const states of this.#byKey.snapshot().values()) {
      const record = states.at(-1)?.record
      if (record !== undefined) records.push(record)
    }
    yield records
  }

  async append(batch: JournalBatch): Promise<void> {
    this.#lastAt = batch.at
    for (const { revision, events } of batch.transactions) {
      this.#revision = revision
      for (const event of events) this.#add({ ...stateOf(event), revision, at: batch.at })
    }
    for (const change of batch.leases) {
      if (change.type === 'revoke') this.#leases.delete(change.id)
      else this.#leases.set(change.id, { id: change.id, ttlSeconds: change.ttlSeconds })
    }
  }

  async readRange(request: ReadRange): Promise<RangePage> {
    const records: KeyValue[] = []
    let count = 0
    let looked = 0
    for (const [key, states] of this.#byKey
      .snapshot()
      .entries(request.start, upperBound(request))) {
      if (looked++ === request.limit) return { records, count, next: key }
      const record = states.findLast((state) => state.revision <= request.revision)?.record
      if (record === undefined) continue
      count++
      if (!request.countOnly) records.push(record)
    }
    return { records, count, next: undefined }
  }

  async readChanges(request: ReadChanges): Promise<ChangesPage> {
    const batches: { revision: Revision; events: StoreEvent[] }[] = []
    let reached = request.after
    let looked = 0
    for (let i = this.#firstAfter(request.after); i < this.#changes.length; i++) {
      const change = this.#changes[i]
      if (change === undefined || change.revision > request.upTo) break
      if (change.revision > reached && looked >= request.limit) return { batches, reached }
      reached = change.revision
      looked++
      if (change.isHole || !inRange(request, change.key)) continue
      const last = batches.at(-1)
      if (last?.revision === reached) last.events.push(eventOf(change))
      else batches.push({ revision: reached, events: [eventOf(change)] })
    }
    return { batches, reached: request.upTo }
  }

  async revisionAt(timeMs: number): Promise<Revision> {
    const after = this.#first((change) => change.at > timeMs)
    return this.#changes[after - 1]?.revision ?? 0
  }

  async compactSlice(request: CompactSlice): Promise<CompactedSlice> {
    let reached = request.after
    let looked = 0
    for (let i = this.#firstAfter(request.after); ; i++) {
      const change = this.#changes[i]
      if (change === undefined || change.revision > request.upTo) {
        reached = request.upTo
        break
      }
      if (change.revision > reached && looked >= request.limit) break
      reached = change.revision
      looked++
      if (!change.isHole && inRange(request, change.key)) this.#forgetBefore(change)
    }
    this.#floors.raise(request, reached)
    this.#sweep()
    return { reached }
  }

  async usage(): Promise<JournalUsage> {
    return { storedBytes: this.#bytes, fileBytes: undefined }
  }

  async reclaim(): Promise<boolean> {
    return true
  }

  async close(): Promise<void> {}

  #add(change: Change): void {
    this.#changes.push(change)
    this.#bytes += bytesOf(change)
    const states = this.#byKey.get(change.key)
    if (states === undefined) this.#byKey.set(change.key, [change])
    else states.push(change)
  }

  /** What `change` superseded goes, and so does itself when it is a deletion. */
  #forgetBefore(change: Change): void {
    const states = this.#byKey.get(change.key) ?? []
    const at = states.indexOf(change)
    const gone = states.splice(0, change.record === undefined ? at + 1 : at)
    if (states.length === 0) this.#byKey.delete(change.key)
    // Nobody may replay the change any more, so it need not hold what was before.
    change.previous = undefined
    for (const state of gone) {
      this.#bytes -= bytesOf(state)
      state.isHole = true
      state.record = undefined
      state.previous = undefined
      this.#holes++
    }
  }

  #sweep(): void {
    if (this.#holes * 2 <= this.#changes.length) return
    this.#changes = this.#changes.filter((change) => !change.isHole)
    this.#holes = 0
  }

  #firstAfter(revision: Revision): number {
    return this.#first((change) => change.revision > revision)
  }

  /** The first index where `isPast` holds; it holds for all after one where it does. */
  #first(isPast: (change: Change) => boolean): number {
    let low = 0
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const change = this.#changes[middle]
      if (change !== undefined && isPast(change)) high = middle
      else low = middle + 1
    }
    return low
  }
}

interface Change {
  readonly key: string
  readonly revision: Revision
  readonly at: number
  /** Undefined when the key was deleted. */
  record: KeyValue | undefined
  previous: KeyValue | undefined
  isHole: boolean
}

function stateOf(event: StoreEvent): Pick<Change, 'key' | 'record' | 'previous' | 'isHole'> {
  return event.type === 'put'
    ? { key: event.record.key, record: event.record, previous: event.previous, isHole: false }
    : { key: event.key, record: undefined, previous: event.previous, isHole: false }
}

function eventOf(change: Change): WatchBatch['events'][number] {
  const { key, record, previous } = change
  if (record !== undefined) return { type: 'put', record, previous }
  return { type: 'delete', key, previous: must(previous, 'history above the floor is whole') }
}

function bytesOf(change: Change): number {
  return change.record === undefined ? change.key.length : recordBytes(change.record)
}
