import { asError, deferred, type Clock, type Log } from '#base'
import { EtcdConnection, type EtcdEndpoints } from './etcd-connection.ts'
import type { EtcdCalls } from './etcd-protocol.ts'
import { recordOf } from './etcd-record.ts'
import { EtcdWatch } from './etcd-watch.ts'
import type { LeaseGrant } from './journal.ts'
import { contains } from './floors.ts'
import { everything, type KeyRange } from './key-range.ts'
import * as limits from './limits.ts'
import { checkKeyRange, checkRange, checkTtl, checkTxn } from './requests.ts'
import { writeSnapshot } from './snapshot.ts'
import {
  StoreError,
  type CompactRequest,
  type KeyValue,
  type LeaseId,
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

/** Connects; fails with `Unusable` when no endpoint answers. */
export async function openEtcd(
  endpoints: EtcdEndpoints,
  services: { readonly clock: Clock; readonly log: Log },
): Promise<EtcdStore> {
  const connection = new EtcdConnection(endpoints, services.clock)
  const store = new EtcdStore(connection, services)
  try {
    await store.connect()
  } catch (error) {
    await store[Symbol.asyncDispose]()
    const cause = asError(error)
    const named = endpoints.endpoints.join(', ')
    throw new StoreError('Unusable', `etcd at ${named} does not answer: ${cause.message}`, {
      cause,
    })
  }
  return store
}

/**
 * The contract on an etcd cluster, from 3.4 on. Every read is linearizable. The history that is kept
 * is etcd's own: compaction of a single key range does nothing here, of everything is etcd's.
 */
export class EtcdStore implements Store {
  readonly #connection: EtcdConnection
  readonly #clock: Clock
  readonly #log: Log
  readonly #watches = new Set<EtcdWatch>()
  #closed = false
  #failure: StoreError | undefined

  constructor(
    connection: EtcdConnection,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#connection = connection
    this.#clock = clock
    this.#log = log
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    checkTxn(request)
    const { succeeded, header, responses } = await this.#ask(() =>
      this.#connection.call('KV.Txn', {
        compare: request.compare.map(({ key, modRevision }) => ({
          result: 'EQUAL',
          target: 'MOD',
          key: Buffer.from(key),
          mod_revision: modRevision,
        })),
        success: request.ops.map((op) =>
          op.type === 'put'
            ? { request_put: { key: Buffer.from(op.key), value: op.value, lease: op.lease ?? '0' } }
            : { request_delete_range: { key: Buffer.from(op.key) } },
        ),
        failure: request.compare.map(({ key }) => ({ request_range: { key: Buffer.from(key) } })),
      }),
    )
    const current = succeeded
      ? []
      : responses.map(({ response_range: found }) => found?.kvs.map(recordOf)[0])
    return { succeeded, revision: Number(header.revision), current }
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    checkRange(request)
    const limit = request.limit === undefined || request.limit === 0 ? Infinity : request.limit
    const records: KeyValue[] = []
    let revision = request.revision
    let count: number | undefined
    let start = request.start
    for (;;) {
      const pageLimit = Math.min(limits.etcdPageRecords, limit - records.length)
      const page = await this.#ask(() =>
        this.#connection.read('KV.Range', {
          ...keysOf({ start, end: request.end }),
          limit: pageLimit,
          revision: revision ?? 0,
          count_only: request.countOnly === true,
        }),
      )
      // All pages are of the first one's revision, so together they are one state.
      revision ??= Number(page.header.revision)
      count ??= Number(page.count)
      for (const kv of page.kvs) records.push(recordOf(kv))
      const last = page.kvs.at(-1)
      if (last === undefined || page.kvs.length < pageLimit || records.length >= limit) break
      start = `${last.key.toString()}\0`
    }
    return { records, count, revision }
  }

  watch(request: WatchRequest): WatchHandle {
    if (request.range !== undefined) checkKeyRange(request.range)
    this.#mustBeOpen()
    const watch = new EtcdWatch(this.#connection, keysOf(request.range ?? everything), {
      request,
      clock: this.#clock,
      log: this.#log,
      onDone: () => this.#watches.delete(watch),
    })
    this.#watches.add(watch)
    watch.start()
    return { close: () => watch.close() }
  }

  async barrier(): Promise<Revision> {
    return this.#newestRevision(limits.etcdDeadlineMs)
  }

  /** Fails sooner than other calls when nobody answers. */
  async connect(): Promise<void> {
    await this.#newestRevision(limits.etcdOpenMs)
  }

  async grantLease(ttlSeconds: number): Promise<LeaseId> {
    checkTtl(ttlSeconds)
    const { ID } = await this.#ask(() =>
      this.#connection.call('Lease.LeaseGrant', { TTL: ttlSeconds }),
    )
    return ID
  }

  async renewLease(id: LeaseId): Promise<void> {
    await this.#ask(async () => {
      const answered = deferred<number>()
      const stream = this.#connection.stream(
        'Lease.LeaseKeepAlive',
        (message) => answered.resolve(Number(message.TTL)),
        (error) => answered.reject(error),
      )
      const timer = this.#clock.timer(limits.etcdDeadlineMs, () => stream.cancel())
      stream.write({ ID: id })
      try {
        const ttlSeconds = await answered.promise
        if (ttlSeconds > 0) return
        throw new StoreError('LeaseNotFound', `lease ${id} is not there, or not any more`)
      } finally {
        timer.cancel()
        stream.end()
      }
    })
  }

  async revokeLease(id: LeaseId): Promise<void> {
    try {
      await this.#ask(() => this.#connection.call('Lease.LeaseRevoke', { ID: id }))
    } catch (error) {
      if (error instanceof StoreError && error.reason === 'LeaseNotFound') return
      throw error
    }
  }

  async compact(request: CompactRequest): Promise<void> {
    checkKeyRange(request)
    if (!contains(request, everything)) return
    try {
      await this.#ask(() => this.#connection.call('KV.Compact', { revision: request.revision }))
    } catch (error) {
      if (error instanceof StoreError && error.reason === 'Compacted') return
      throw error
    }
  }

  async status(): Promise<StoreStatus> {
    const { count, revision } = await this.range({ ...everything, countOnly: true })
    const { dbSize } = await this.#ask(() => this.#connection.read('Maintenance.Status', {}))
    return { revision, keys: count, sizeBytes: Number(dbSize) }
  }

  async *snapshot(): AsyncGenerator<Uint8Array, undefined> {
    const { count, revision } = await this.range({ ...everything, countOnly: true })
    const header = { revision, keys: count, leases: await this.#leases() }
    yield* writeSnapshot(header, this.#records(revision), this.#clock)
  }

  health(): StoreHealth {
    if (this.#failure === undefined) return { ok: true }
    return { ok: false, writable: false, reason: this.#failure.message }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#failure = closedError()
    for (const watch of this.#watches) watch.end({ reason: 'Closed' })
    this.#connection.close()
  }

  /** What a linearizable read, of a key that nobody has, says about the newest revision. */
  async #newestRevision(forMs: number): Promise<Revision> {
    const request = { key: Buffer.from('\0'), count_only: true }
    const { header } = await this.#ask(() => this.#connection.read('KV.Range', request, forMs))
    return Number(header.revision)
  }

  /** Every record at one revision, page by page. */
  async *#records(revision: Revision): AsyncGenerator<KeyValue, undefined> {
    let start = everything.start
    for (;;) {
      const request = { start, end: everything.end, revision, limit: limits.etcdPageRecords }
      const { records } = await this.range(request)
      yield* records
      const last = records.at(-1)
      if (last === undefined || records.length < limits.etcdPageRecords) return
      start = `${last.key}\0`
    }
  }

  async #leases(): Promise<LeaseGrant[]> {
    const { leases } = await this.#ask(() => this.#connection.read('Lease.LeaseLeases', {}))
    const grants: LeaseGrant[] = []
    for (const { ID } of leases) {
      const request: EtcdCalls['Lease.LeaseTimeToLive'][0] = { ID }
      const { grantedTTL } = await this.#ask(() =>
        this.#connection.read('Lease.LeaseTimeToLive', request),
      )
      if (Number(grantedTTL) > 0) grants.push({ id: ID, ttlSeconds: Number(grantedTTL) })
    }
    return grants
  }

  /** Keeps health up to date with how calls end. */
  async #ask<T>(call: () => Promise<T>): Promise<T> {
    this.#mustBeOpen()
    try {
      const result = await call()
      if (!this.#closed) this.#failure = undefined
      return result
    } catch (error) {
      if (this.#closed) throw closedError(error)
      if (error instanceof StoreError) {
        const isFailure = error.reason === 'Unavailable' || error.reason === 'NoSpace'
        this.#failure = isFailure ? error : undefined
      }
      throw error
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closedError()
  }
}

function closedError(cause?: unknown): StoreError {
  return new StoreError('Unavailable', 'the store is closed', { cause })
}

function keysOf(range: KeyRange): { readonly key: Uint8Array; readonly range_end: Uint8Array } {
  // For etcd, too, '\0' is the smallest key as a start and no bound as an end.
  return {
    key: Buffer.from(range.start === '' ? '\0' : range.start),
    range_end: Buffer.from(range.end),
  }
}
