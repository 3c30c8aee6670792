import { asError, OrderedMap, type Clock, type Log, type Random, type Timer } from '#base'
import { CommitQueue, type DurableBatch } from './commit-queue.ts'
import type { Journal, LeaseGrant, RangePage } from './journal.ts'
import { Floors } from './floors.ts'
import { upperBound } from './key-range.ts'
import { growth, Keyspace, recordBytes, type Decision, type Root } from './keyspace.ts'
import { Leases } from './leases.ts'
import * as limits from './limits.ts'
import { checkKeyRange, checkRange, checkTtl, checkTxn } from './requests.ts'
import { writeSnapshot } from './snapshot.ts'
import {
  StoreError,
  type CompactRequest,
  type KeyValue,
  type LeaseId,
  type Op,
  type RangeRequest,
  type RangeResult,
  type Revision,
  type Store,
  type StoreHealth,
  type StoreStatus,
  type TxnRequest,
  type TxnResult,
  type WatchHandle,
  type WatchRequest,
} from './store.ts'
import { Watchers } from './watchers.ts'

export interface EngineOptions {
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  /** The store failed for good: it refuses everything from now on, the process should end. */
  readonly onFatal?: ((error: Error) => void) | undefined
}

/** Reads the journal into memory. The engine owns the journal and closes it, on failure too. */
export async function openEngine(journal: Journal, options: EngineOptions): Promise<Engine> {
  let engine: Engine | undefined
  try {
    const { revision, lastAt, leases, floors } = await journal.open((error) => engine?.fail(error))
    const records = OrderedMap.empty<KeyValue>().edit()
    const leased: KeyValue[] = []
    let liveBytes = 0
    for await (const slice of journal.records()) {
      for (const record of slice) {
        records.set(record.key, record)
        liveBytes += recordBytes(record)
        if (record.lease !== undefined) leased.push(record)
      }
    }
    engine = new Engine(journal, options, {
      keyspace: new Keyspace(records.snapshot(), revision, liveBytes),
      floors: new Floors(floors),
      leases,
      leased,
      lastAt,
    })
    return engine
  } catch (error) {
    await journal.close()
    if (error instanceof StoreError) throw error
    const cause = asError(error)
    throw new StoreError('Unusable', `the store cannot be read: ${cause.message}`, { cause })
  }
}

/**
 * The embedded store: etcd's model, decided synchronously in memory and made durable by a journal.
 * The order of things is always the same: decide against head, append; then, in one synchronous
 * step, make durable and deliver to the watchers; then let those who wait know.
 */
export class Engine implements Store {
  readonly #journal: Journal
  readonly #options: EngineOptions
  readonly #keyspace: Keyspace
  /** What may be gone: raised before anything goes. */
  readonly #floors: Floors
  /** What is gone: how far compaction got, so that it goes on from there after a failure. */
  readonly #compacted: Floors
  readonly #leases: Leases
  readonly #queue: CommitQueue
  readonly #watchers: Watchers
  #mode: Mode = { state: 'open' }
  #lastAt: number
  #probe: Timer | undefined
  #compaction: Promise<void> = Promise.resolve()
  #companion: { stop(): Promise<void> } | undefined

  constructor(journal: Journal, options: EngineOptions, loaded: Loaded) {
    this.#journal = journal
    this.#options = options
    this.#keyspace = loaded.keyspace
    this.#floors = loaded.floors
    this.#compacted = new Floors(loaded.floors.all)
    this.#lastAt = loaded.lastAt
    this.#watchers = new Watchers(journal, loaded.floors, loaded.keyspace.durableRevision)
    this.#queue = new CommitQueue(journal, {
      seal: () => this.#keyspace.seal(),
      stamp: () => (this.#lastAt = Math.max(this.#lastAt, options.clock.now())),
      durable: (batch, root) => this.#durable(batch, root),
      failed: (error) => this.#failed(error),
    })
    this.#leases = new Leases(options.clock, (id) => void this.#expire(id))
    for (const grant of loaded.leases) this.#leases.add(grant)
    for (const { lease, key } of loaded.leased) {
      if (lease !== undefined) this.#leases.attach(lease, key)
    }
    for (const { id } of loaded.leases) this.#leases.start(id)
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    this.#mustServe()
    checkTxn(request)
    const { decision, settled } = this.#decide(request)
    const revision = this.#keyspace.assigned
    await settled
    if (decision instanceof StoreError) throw decision
    if (!decision.succeeded) {
      return { ...decision, revision: this.#keyspace.durableRevision }
    }
    const changed = decision.events.length > 0
    return {
      succeeded: true,
      revision: changed ? revision : this.#keyspace.durableRevision,
      current: [],
    }
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    this.#mustServe()
    checkRange(request)
    const newest = this.#keyspace.durableRevision
    const revision = request.revision ?? newest
    if (revision > newest) {
      throw new StoreError('FutureRevision', `revision ${revision} has not happened, ${newest} has`)
    }
    const limit = request.limit === undefined || request.limit === 0 ? Infinity : request.limit
    if (revision < newest) return this.#readHistory(request, revision, limit)
    const root = this.#keyspace.durable
    const end = upperBound(request)
    const records = request.countOnly === true ? [] : root.slice(request.start, end, limit)
    return { records, count: root.count(request.start, end), revision }
  }

  watch(request: WatchRequest): WatchHandle {
    if (request.range !== undefined) checkKeyRange(request.range)
    this.#mustServe()
    return this.#watchers.watch(request)
  }

  async barrier(): Promise<Revision> {
    this.#mustServe()
    return this.#keyspace.durableRevision
  }

  async grantLease(ttlSeconds: number): Promise<LeaseId> {
    this.#mustServe()
    checkTtl(ttlSeconds)
    if (this.#mode.state === 'full') throw this.#mode.error
    this.#queue.prepare()
    const id = this.#newLeaseId()
    const undo = this.#leases.add({ id, ttlSeconds })
    await this.#queue.stage({ lease: { type: 'grant', id, ttlSeconds }, bytes: leaseBytes, undo })
    this.#leases.start(id)
    return id
  }

  async renewLease(id: LeaseId): Promise<void> {
    this.#mustServe()
    const isThere = this.#leases.has(id)
    await this.#queue.settled()
    if (!isThere) throw leaseNotFound(id)
    this.#leases.start(id)
  }

  async revokeLease(id: LeaseId): Promise<void> {
    this.#mustServe()
    if (!this.#leases.has(id)) return this.#queue.settled()
    const keys = this.#leases.keysOf(id)
    for (let i = 0; i < keys.length; i += limits.opsPerTxnMax) {
      const ops = keys.slice(i, i + limits.opsPerTxnMax)
      const request = { compare: [], ops: ops.map((key) => ({ type: 'delete' as const, key })) }
      const { decision } = this.#decide(request)
      if (decision instanceof StoreError) throw decision
    }
    this.#queue.prepare()
    const undo = this.#leases.remove(id)
    await this.#queue.stage({ lease: { type: 'revoke', id }, bytes: leaseBytes, undo })
  }

  async compact(request: CompactRequest): Promise<void> {
    this.#mustServe()
    checkKeyRange(request)
    if (request.revision > this.#keyspace.durableRevision) {
      throw new StoreError('FutureRevision', `revision ${request.revision} has not happened`)
    }
    // One after the other: two of them would each undo what the other keeps of its progress.
    const turn = this.#compaction.then(() => this.#compact(request))
    this.#compaction = turn.catch(() => {})
    await turn
  }

  async status(): Promise<StoreStatus> {
    this.#mustServe()
    const { fileBytes } = await this.#served(this.#journal.usage())
    return {
      revision: this.#keyspace.durableRevision,
      keys: this.#keyspace.durable.size,
      sizeBytes: fileBytes,
    }
  }

  /** Bytes of what is kept besides the current state, about. */
  async historyBytes(): Promise<number> {
    const { storedBytes } = await this.#served(this.#journal.usage())
    return Math.max(0, storedBytes - this.#keyspace.liveBytes)
  }

  /** The newest revision appended at or before this wall time. */
  async revisionAt(timeMs: number): Promise<Revision> {
    this.#mustServe()
    return this.#served(this.#journal.revisionAt(timeMs))
  }

  snapshot(): AsyncIterable<Uint8Array> {
    this.#mustServe()
    const root = this.#keyspace.durable
    return writeSnapshot(
      { revision: this.#keyspace.durableRevision, keys: root.size, leases: this.#leases.grants },
      root.values(),
      this.#options.clock,
    )
  }

  health(): StoreHealth {
    if (this.#mode.state === 'open') return { ok: true }
    return { ok: false, writable: false, reason: this.#mode.error.message }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mode.state === 'closed') return
    const wasFailed = this.#mode.state === 'failed'
    this.#mode = { state: 'closed', error: new StoreError('Unavailable', 'the store is closed') }
    this.#probe?.cancel()
    this.#leases.stop()
    if (!wasFailed) await this.#queue.settled().catch(() => {})
    await this.#companion?.stop()
    await this.#compaction
    this.#watchers.endAll({ reason: 'Closed' })
    await this.#journal.close()
  }

  /** Stops `companion` when the store is closed: what works on it in the background. */
  adopt(companion: { stop(): Promise<void> }): void {
    this.#companion = companion
  }

  /** The journal failed by itself, while nothing was asked of it. */
  fail(error: Error): void {
    this.#stop(error)
  }

  /** Synchronous: decision, revision and place in the queue are one step. */
  #decide(request: TxnRequest): {
    readonly decision: Decision | StoreError
    readonly settled: Promise<void>
  } {
    this.#queue.prepare()
    let decision: Decision
    try {
      decision = this.#keyspace.apply(request, (ops) => this.#admit(ops))
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      return { decision: error, settled: this.#queue.settled() }
    }
    if (!decision.succeeded || decision.events.length === 0) {
      return { decision, settled: this.#queue.settled() }
    }
    const { events } = decision
    let bytes = 0
    let undo: (() => void) | undefined
    for (const event of events) {
      bytes += event.type === 'put' ? recordBytes(event.record) : event.key.length
      undo = both(this.#leases.follow(event), undo)
    }
    const transaction = { revision: this.#keyspace.assigned, events }
    return { decision, settled: this.#queue.stage({ transaction, bytes, undo }) }
  }

  #admit(ops: readonly Op[]): void {
    for (const op of ops) {
      if (op.type === 'delete') continue
      if (this.#mode.state === 'full') throw this.#mode.error
      if (op.lease !== undefined && !this.#leases.has(op.lease)) throw leaseNotFound(op.lease)
    }
  }

  #durable(batch: DurableBatch, root: Root): void {
    let delta = 0
    for (const { events } of batch.transactions) {
      for (const event of events) delta += growth(event)
    }
    const revision = batch.transactions.at(-1)?.revision ?? this.#keyspace.durableRevision
    this.#keyspace.settle(root, revision, delta)
    this.#watchers.publish(batch.transactions)
  }

  #failed(error: Error): Error {
    this.#keyspace.revert()
    if (!(error instanceof StoreError) || error.reason !== 'NoSpace') return this.#stop(error)
    if (this.#mode.state === 'open') {
      this.#mode = { state: 'full', error }
      this.#options.log.warn('the store is full and refuses writes', { error: error.message })
      this.#probeLater()
    }
    return error
  }

  #probeLater(): void {
    const probe = async () => {
      try {
        if (!(await this.#journal.reclaim())) return this.#probeLater()
      } catch (error) {
        this.#stop(asError(error))
        return
      }
      if (this.#mode.state !== 'full') return
      this.#mode = { state: 'open' }
      this.#options.log.info('the store has space again and takes writes')
    }
    if (this.#mode.state !== 'full') return
    this.#probe = this.#options.clock.timer(limits.spaceProbeMs, () => void probe(), {
      unref: true,
    })
  }

  /** An I/O failure whose outcome is unknown: nothing that is in memory can be trusted to last. */
  #stop(cause: Error): StoreError {
    const error = new StoreError('Unavailable', `the store failed: ${cause.message}`, { cause })
    if (this.#mode.state === 'failed' || this.#mode.state === 'closed') return error
    this.#mode = { state: 'failed', error }
    this.#leases.stop()
    this.#watchers.endAll({ reason: 'Failed', cause: error })
    this.#options.onFatal?.(error)
    return error
  }

  /** Whatever the journal rejects with is the store's failure, unless there is just no space. */
  async #served<T>(read: Promise<T>): Promise<T> {
    try {
      return await read
    } catch (error) {
      if (error instanceof StoreError && error.reason === 'NoSpace') throw error
      throw this.#stop(asError(error))
    }
  }

  async #readHistory(
    request: RangeRequest,
    revision: Revision,
    limit: number,
  ): Promise<RangeResult> {
    const records: KeyValue[] = []
    let count = 0
    let start: string | undefined = request.start
    while (start !== undefined) {
      this.#checkHistory(request, revision)
      const page: RangePage = await this.#served(
        this.#journal.readRange({
          start,
          end: request.end,
          revision,
          limit: limits.historySlice,
          countOnly: request.countOnly === true || records.length >= limit,
        }),
      )
      records.push(...page.records.slice(0, limit - records.length))
      count += page.count
      start = page.next
    }
    // Compaction may have taken away some of it while it was read.
    this.#checkHistory(request, revision)
    return { records, count, revision }
  }

  #checkHistory(request: RangeRequest, revision: Revision): void {
    const floor = this.#floors.over(request)
    if (revision >= floor) return
    throw new StoreError('Compacted', `revision ${revision} is gone, history starts at ${floor}`)
  }

  async #compact(request: CompactRequest): Promise<void> {
    let after = this.#compacted.of(request)
    if (request.revision <= after) return
    // Before anything is gone, so that no read in between finds half of it.
    this.#floors.raise(request, request.revision)
    while (after < request.revision) {
      this.#mustServe()
      const slice = this.#journal.compactSlice({
        start: request.start,
        end: request.end,
        after,
        upTo: request.revision,
        limit: limits.compactionSlice,
      })
      after = (await this.#served(slice)).reached
      this.#compacted.raise(request, after)
    }
  }

  async #expire(id: LeaseId): Promise<void> {
    try {
      await this.revokeLease(id)
    } catch (error) {
      if (this.#mode.state === 'failed' || this.#mode.state === 'closed') return
      this.#options.log.warn('an expired lease was not revoked', { error: asError(error).message })
      this.#leases.postpone(id, limits.leaseRetryMs)
    }
  }

  #newLeaseId(): LeaseId {
    for (;;) {
      const id = String(1 + this.#options.random.integer(2 ** 32))
      if (!this.#leases.has(id)) return id
    }
  }

  #mustServe(): void {
    if (this.#mode.state === 'failed' || this.#mode.state === 'closed') throw this.#mode.error
  }
}

export interface Loaded {
  readonly keyspace: Keyspace
  readonly floors: Floors
  readonly leases: readonly LeaseGrant[]
  /** The records that hang on a lease. */
  readonly leased: readonly KeyValue[]
  readonly lastAt: number
}

type Mode =
  | { readonly state: 'open' }
  /** Deletes and reads only. */
  | { readonly state: 'full'; readonly error: StoreError }
  | { readonly state: 'failed'; readonly error: StoreError }
  | { readonly state: 'closed'; readonly error: StoreError }

/** What a change of a lease is counted with. */
const leaseBytes = 64

function both(
  first: (() => void) | undefined,
  second: (() => void) | undefined,
): (() => void) | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return () => {
    first()
    second()
  }
}

function leaseNotFound(id: LeaseId): StoreError {
  return new StoreError('LeaseNotFound', `lease ${id} is not there, or not any more`)
}
