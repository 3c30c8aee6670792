/**
 * The contract of the store: etcd's data model behind one interface. One ordered key space, one
 * revision counter, multi-key compare-and-swap, one watch stream.
 *
 * What every implementation promises:
 * - A revision is assigned to each transaction that changes something, one higher than the last
 *   (gaps are allowed, going back is not). All changes of a transaction carry its revision.
 * - No call resolves, and no event is delivered, before everything it was decided from is durable:
 *   this holds for refusals (`succeeded: false`) as well as for success.
 * - The watch sees every change exactly once, in revision order, whole transactions at a time.
 * - Records are immutable. Their bytes belong to the store; whoever reads them must not write them.
 *
 * What none promises: fairness between callers, or that a watch keeps up (a watcher that cannot is
 * ended, see `WatchEnd`).
 */
export interface Store {
  /**
   * Applies all operations if every comparison holds, else none. Operations of one transaction
   * name different keys. A delete of a key that is not there changes nothing.
   */
  txn(request: TxnRequest): Promise<TxnResult>
  /** Reads a range at one revision: the newest durable one, or `revision`, within the kept history. */
  range(request: RangeRequest): Promise<RangeResult>
  /** Every change after `after`, in order. Starts at once; ends when the returned handle is closed. */
  watch(request: WatchRequest): WatchHandle
  /**
   * A revision R such that every write acknowledged before the call began has a revision ≤ R.
   * A cache that has applied R answers consistently.
   */
  barrier(): Promise<Revision>
  /** Grants a lease: when it is not renewed for `ttlSeconds`, the keys put under it are deleted. */
  grantLease(ttlSeconds: number): Promise<LeaseId>
  renewLease(id: LeaseId): Promise<void>
  /** Deletes the keys of the lease, too. Unknown leases are accepted. */
  revokeLease(id: LeaseId): Promise<void>
  /**
   * Forgets what was superseded at or before `request.revision` within the key range; reads and
   * watches there of older revisions then fail with reason `Compacted`.
   */
  compact(request: CompactRequest): Promise<void>
  /** The newest durable revision and the sizes an operator wants to see. */
  status(): Promise<StoreStatus>
  /** A consistent copy of the current state and what `restore` needs, as a stream of chunks. */
  snapshot(): AsyncIterable<Uint8Array>
  /** Whether writes and reads can be served now, and if not, why: one line for /readyz. */
  health(): StoreHealth
  [Symbol.asyncDispose](): Promise<void>
}

/** etcd's revisions, kept in a safe integer: 2^53 writes are more than a cluster's life. */
export type Revision = number
export type LeaseId = string

/** One state of one key. Immutable and shared. */
export interface KeyValue {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: Revision
  readonly modRevision: Revision
  /** 1 at creation, one more at each put. */
  readonly version: number
  readonly lease: LeaseId | undefined
}

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly ops: readonly Op[]
}

/** `modRevision: 0` says that the key must not exist. */
export interface Compare {
  readonly key: string
  readonly modRevision: Revision
}

export type Op =
  | {
      readonly type: 'put'
      readonly key: string
      readonly value: Uint8Array
      readonly lease?: LeaseId | undefined
    }
  | { readonly type: 'delete'; readonly key: string }

export interface TxnResult {
  readonly succeeded: boolean
  /** Of this transaction when it changed something, else the revision it was decided at. */
  readonly revision: Revision
  /**
   * When refused: what stands at each compared key, in the order of `compare` (undefined where
   * nothing does), so that the caller can try again without another read. Empty on success.
   */
  readonly current: readonly (KeyValue | undefined)[]
}

/**
 * Keys in [start, end), in byte order of their UTF-8. An end of `'\0'` means no upper bound, as in
 * etcd. A limit of 0 means none.
 */
export interface RangeRequest {
  readonly start: string
  readonly end: string
  readonly limit?: number | undefined
  readonly revision?: Revision | undefined
  readonly countOnly?: boolean | undefined
}

export interface RangeResult {
  readonly records: readonly KeyValue[]
  /** How many keys the range holds at that revision, whatever the limit. */
  readonly count: number
  /** The revision the range was read at. */
  readonly revision: Revision
}

export interface WatchRequest {
  /** Events with a revision greater than this one are delivered. */
  readonly after: Revision
  /** Only keys in [start, end) are delivered, and only their history counts; all keys otherwise. */
  readonly range?: { readonly start: string; readonly end: string } | undefined
  /**
   * Called once per durable transaction, in order, synchronously with its becoming durable where
   * the store is embedded. Must not throw and must not block.
   */
  onEvents(batch: WatchBatch): void
  /**
   * Called once, when all that was durable as the watch began has been delivered, and before
   * anything newer is; never synchronously with `watch`.
   */
  onCaughtUp?(): void
  /** Called at most once, when the stream cannot go on. Not called after `close`. */
  onEnd(end: WatchEnd): void
}

export interface WatchBatch {
  readonly revision: Revision
  readonly events: readonly StoreEvent[]
}

export type StoreEvent =
  | { readonly type: 'put'; readonly record: KeyValue; readonly previous: KeyValue | undefined }
  | { readonly type: 'delete'; readonly key: string; readonly previous: KeyValue }

export interface WatchEnd {
  /** `Compacted`: history before `after` is gone, start again from a range. */
  readonly reason: 'Compacted' | 'Failed' | 'Closed'
  readonly cause?: Error | undefined
}

export interface WatchHandle {
  close(): void
}

export interface CompactRequest {
  readonly start: string
  readonly end: string
  readonly revision: Revision
}

export interface StoreStatus {
  readonly revision: Revision
  readonly keys: number
  /** Bytes on disk or in the server; undefined where it cannot be known. */
  readonly sizeBytes: number | undefined
}

export type StoreHealth =
  | { readonly ok: true }
  | { readonly ok: false; readonly writable: false; readonly reason: string }

/** The smallest key greater than every key with this prefix; `'\0'` (no bound) for none at all. */
export function prefixEnd(prefix: string): string {
  const end = prefix.charCodeAt(prefix.length - 1)
  if (end < 0x7f) return prefix.slice(0, -1) + String.fromCharCode(end + 1)
  // The order of UTF-8 bytes is that of code points.
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue
    const next = last === 0xd7ff ? 0xe000 : last + 1
    return String.fromCodePoint(...points, next)
  }
  return '\0'
}

export type StoreErrorReason =
  /** History before the asked revision is gone. */
  | 'Compacted'
  /** The asked revision has not happened yet. */
  | 'FutureRevision'
  /** The medium is full: writes are refused, reads and deletes go on. */
  | 'NoSpace'
  /** The store failed or was closed; the outcome of the call is unknown to the caller. */
  | 'Unavailable'
  /** The lease is not there (any more). */
  | 'LeaseNotFound'
  /** A broken, foreign, newer or already used data directory, or an unusable endpoint. */
  | 'Unusable'
  /** The request itself cannot be served: too large, malformed. */
  | 'Invalid'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly reason: StoreErrorReason

  constructor(reason: StoreErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
