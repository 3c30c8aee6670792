import { asError, assert, deferred, type Deferred } from '#base'
import type { Journal, JournalBatch, LeaseChange } from './journal.ts'
import type { Root } from './keyspace.ts'
import * as limits from './limits.ts'
import { StoreError, type WatchBatch } from './store.ts'

/**
 * Group commit: one append in flight, what comes meanwhile gathers into the next batch. Batches
 * become durable in order. When an append fails, every batch behind it fails with it, because what
 * is in them was decided from what did not happen.
 */
export class CommitQueue {
  readonly #journal: Journal
  readonly #callbacks: CommitCallbacks
  /** The first is in flight while `#running`; only the last may still gather. */
  #batches: Batch[] = []
  #running = false
  #pendingChanges = 0
  #pendingBytes = 0

  constructor(journal: Journal, callbacks: CommitCallbacks) {
    this.#journal = journal
    this.#callbacks = callbacks
  }

  /** Resolves when everything staged so far is durable; rejects when it failed. */
  settled(): Promise<void> {
    return this.#batches.at(-1)?.outcome.promise ?? Promise.resolve()
  }

  /**
   * Before anything is decided: fails with `Unavailable` when too much waits already. A batch that
   * is full is sealed here, before the next change touches head, so that its root is the state
   * right after its own last change.
   */
  prepare(): void {
    if (
      this.#pendingChanges >= limits.pendingTransactionsMax ||
      this.#pendingBytes >= limits.pendingBytesMax
    ) {
      throw new StoreError('Unavailable', 'too many writes wait for the disk, nothing was written')
    }
    const last = this.#batches.at(-1)
    if (last === undefined || last.root !== undefined) return
    if (last.changes >= limits.batchTransactionsMax || last.bytes >= limits.batchBytesMax) {
      last.root = this.#callbacks.seal()
    }
  }

  /** Resolves when the change is durable. `undo` runs when it fails, newest first. */
  stage(change: StagedChange): Promise<void> {
    const batch = this.#gathering()
    if (change.transaction !== undefined) batch.transactions.push(change.transaction)
    if (change.lease !== undefined) batch.leases.push(change.lease)
    if (change.undo !== undefined) batch.undo.push(change.undo)
    batch.bytes += change.bytes
    this.#pendingChanges++
    this.#pendingBytes += change.bytes
    batch.changes++
    if (!this.#running) {
      this.#running = true
      // What the same tick brings goes into the same batch.
      queueMicrotask(() => void this.#run())
    }
    return batch.outcome.promise
  }

  #gathering(): Batch {
    const last = this.#batches.at(-1)
    if (last !== undefined && last.root === undefined) return last
    const batch = newBatch()
    this.#batches.push(batch)
    return batch
  }

  async #run(): Promise<void> {
    for (;;) {
      const batch = this.#batches[0]
      if (batch === undefined) break
      batch.root ??= this.#callbacks.seal()
      try {
        await this.#journal.append({
          transactions: batch.transactions,
          leases: batch.leases,
          at: this.#callbacks.stamp(),
        })
      } catch (error) {
        this.#fail(asError(error))
        continue
      }
      this.#batches.shift()
      this.#pendingChanges -= batch.changes
      this.#pendingBytes -= batch.bytes
      this.#callbacks.durable(batch, batch.root)
      batch.outcome.resolve()
    }
    this.#running = false
  }

  #fail(error: Error): void {
    const failed = this.#batches
    this.#batches = []
    this.#pendingChanges = 0
    this.#pendingBytes = 0
    for (const batch of failed.toReversed()) {
      for (const undo of batch.undo.toReversed()) undo()
    }
    const reported = this.#callbacks.failed(error)
    for (const batch of failed) batch.outcome.reject(reported)
    assert(this.#batches.length === 0, 'nothing is staged while a failure is handled')
  }
}

export interface CommitCallbacks {
  /** The state head is in now. */
  seal(): Root
  /** Wall time for the journal, never going back. */
  stamp(): number
  /** Everything in the batch is durable. Runs before anyone who waits for it learns so. */
  durable(batch: DurableBatch, root: Root): void
  /** Head must return to durable. Returns what those who wait for the failed writes are told. */
  failed(error: Error): Error
}

export interface StagedChange {
  readonly transaction?: WatchBatch | undefined
  readonly lease?: LeaseChange | undefined
  readonly bytes: number
  readonly undo?: (() => void) | undefined
}

export type DurableBatch = Pick<JournalBatch, 'transactions' | 'leases'>

interface Batch {
  readonly transactions: WatchBatch[]
  readonly leases: LeaseChange[]
  readonly undo: (() => void)[]
  readonly outcome: Deferred<void>
  changes: number
  bytes: number
  /** Set when the batch is sealed. */
  root: Root | undefined
}

function newBatch(): Batch {
  const outcome = deferred<void>()
  // Not every change has someone who waits for it (an expired lease has none).
  outcome.promise.catch(() => {})
  return {
    transactions: [],
    leases: [],
    undo: [],
    outcome,
    changes: 0,
    bytes: 0,
    root: undefined,
  }
}
