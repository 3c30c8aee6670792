import type { KeyRange } from './key-range.ts'
import type { KeyValue, LeaseId, Revision, WatchBatch } from './store.ts'

/**
 * Where the embedded store keeps what must survive: an append-only history of changes, from which
 * the current state follows. The engine decides, the journal remembers.
 *
 * What an implementation promises:
 * - `append` resolves when the whole batch is durable. When it rejects with reason `NoSpace`,
 *   nothing of the batch is there, now or later, and the journal can be used on. When it rejects
 *   with anything else, the outcome is unknown and the journal must not be used any more.
 * - After a crash, every batch is there whole or not at all, and none is there without those
 *   appended before it.
 * - Reads see every append that resolved before they began.
 *
 * The engine promises: `open` comes first and once, one append at a time, ascending revisions.
 * Bytes handed over belong to both sides and are changed by neither.
 */
export interface Journal {
  /**
   * Fails with `StoreError` of reason `Unusable` when what is there cannot be served. `onFailure` is
   * told at most once, when the journal fails while nobody waits for it.
   */
  open(onFailure: (error: Error) => void): Promise<JournalState>
  /** Every record that stands, in slices, in key order. Only before the first append. */
  records(): AsyncIterable<readonly KeyValue[]>
  append(batch: JournalBatch): Promise<void>
  /** One page of the records that stood in a key range at a revision. */
  readRange(request: ReadRange): Promise<RangePage>
  /** One page of the changes in a key range after a revision, whole transactions. */
  readChanges(request: ReadChanges): Promise<ChangesPage>
  /** The newest revision appended at or before this wall time; 0 when there is none. */
  revisionAt(timeMs: number): Promise<Revision>
  /** Forgets superseded states, one slice. Durable when it resolves; may fail as `append` may. */
  compactSlice(request: CompactSlice): Promise<CompactedSlice>
  usage(): Promise<JournalUsage>
  /** After `NoSpace`: takes back the space that deletes live on. True when puts may go on. */
  reclaim(): Promise<boolean>
  close(): Promise<void>
}

export interface JournalState {
  /** The newest revision that is there; 1 in a fresh journal, as in etcd. */
  readonly revision: Revision
  /** Wall time of the newest append, 0 when there was none. */
  readonly lastAt: number
  readonly leases: readonly LeaseGrant[]
  readonly floors: readonly Floor[]
}

export interface LeaseGrant {
  readonly id: LeaseId
  readonly ttlSeconds: number
}

/** History of the key range up to and including `revision` may be gone. */
export interface Floor extends KeyRange {
  readonly revision: Revision
}

export interface JournalBatch {
  readonly transactions: readonly WatchBatch[]
  readonly leases: readonly LeaseChange[]
  /** Wall time; never less than that of the batch before. */
  readonly at: number
}

export type LeaseChange =
  | ({ readonly type: 'grant' } & LeaseGrant)
  | { readonly type: 'revoke'; readonly id: LeaseId }

export interface ReadRange extends KeyRange {
  readonly revision: Revision
  /** Keys to look at, at most. */
  readonly limit: number
  /** Count only: the page has no records. */
  readonly countOnly: boolean
}

export interface RangePage {
  readonly records: readonly KeyValue[]
  readonly count: number
  /** Where the next page starts; undefined when the range is done. */
  readonly next: string | undefined
}

export interface ReadChanges extends KeyRange {
  readonly after: Revision
  readonly upTo: Revision
  /** Changes to look at, at most; those outside the key range count. */
  readonly limit: number
}

export interface ChangesPage {
  readonly batches: readonly WatchBatch[]
  /** Everything up to here has been looked at; `upTo` when the read is done. */
  readonly reached: Revision
}

export interface CompactSlice extends KeyRange {
  readonly after: Revision
  readonly upTo: Revision
  readonly limit: number
}

export interface CompactedSlice {
  /** The key range is compacted up to here, and its floor is kept as such. */
  readonly reached: Revision
}

export interface JournalUsage {
  /** Of all states kept, standing and superseded. */
  readonly storedBytes: number
  /** What the medium gives for it; undefined where there is no medium. */
  readonly fileBytes: number | undefined
}
