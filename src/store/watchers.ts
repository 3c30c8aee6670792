import { asError } from '#base'
import type { Journal } from './journal.ts'
import { inRange, type Floors } from './floors.ts'
import { everything, type KeyRange } from './key-range.ts'
import { recordBytes } from './keyspace.ts'
import * as limits from './limits.ts'
import {
  StoreError,
  type Revision,
  type WatchBatch,
  type WatchEnd,
  type WatchHandle,
  type WatchRequest,
} from './store.ts'

/**
 * Everyone who watches, and the newest changes in memory for those who start a little behind. Who
 * is further behind reads the journal until the memory covers the rest, and is then live: no gap,
 * no duplicate.
 */
export class Watchers {
  readonly #journal: Journal
  readonly #floors: Floors
  readonly #watchers = new Set<Watcher>()
  /** Every change after `#recentAfter` that became durable. */
  readonly #recent: WatchBatch[] = []
  #recentAfter: Revision
  #recentEvents = 0
  #recentBytes = 0
  #newest: Revision

  constructor(journal: Journal, floors: Floors, revision: Revision) {
    this.#journal = journal
    this.#floors = floors
    this.#recentAfter = revision
    this.#newest = revision
  }

  watch(request: WatchRequest): WatchHandle {
    const watcher: Watcher = {
      request,
      range: request.range ?? everything,
      position: request.after,
      state: request.after >= this.#newest ? 'live' : 'behind',
    }
    this.#watchers.add(watcher)
    if (watcher.state === 'behind') void this.#catchUp(watcher)
    else if (request.onCaughtUp !== undefined) {
      queueMicrotask(() => announceCaughtUp(watcher))
    }
    return {
      close: () => {
        watcher.state = 'closed'
        this.#watchers.delete(watcher)
      },
    }
  }

  /** What just became durable, in order. */
  publish(batches: readonly WatchBatch[]): void {
    for (const batch of batches) {
      this.#remember(batch)
      this.#newest = batch.revision
      for (const watcher of this.#watchers) {
        if (watcher.state === 'live') deliver(watcher, batch)
      }
    }
  }

  endAll(end: WatchEnd): void {
    for (const watcher of this.#watchers) this.#end(watcher, end)
  }

  async #catchUp(watcher: Watcher): Promise<void> {
    // Nothing is delivered before the caller has its handle.
    await Promise.resolve()
    let budget = limits.replayEventsMax
    try {
      this.#checkHistory(watcher)
      while (watcher.state === 'behind' && watcher.position < this.#recentAfter) {
        this.#checkHistory(watcher)
        const page = await this.#journal.readChanges({
          ...watcher.range,
          after: watcher.position,
          upTo: this.#recentAfter,
          limit: limits.historySlice,
        })
        // Compaction may have taken some of the page away while it was read.
        this.#checkHistory(watcher)
        for (const batch of page.batches) {
          budget -= batch.events.length
          if (budget < 0) throw compacted(watcher.position, 'too many changes to replay')
          deliver(watcher, batch)
        }
        watcher.position = Math.max(watcher.position, page.reached)
      }
    } catch (error) {
      this.#end(watcher, endFor(asError(error)))
      return
    }
    if (watcher.state !== 'behind') return
    watcher.state = 'live'
    for (const batch of this.#recent) deliver(watcher, batch)
    announceCaughtUp(watcher)
  }

  #checkHistory(watcher: Watcher): void {
    const floor = this.#floors.over(watcher.range)
    if (watcher.position < floor) throw compacted(watcher.position, `history starts at ${floor}`)
  }

  #end(watcher: Watcher, end: WatchEnd): void {
    if (watcher.state === 'closed') return
    watcher.state = 'closed'
    this.#watchers.delete(watcher)
    watcher.request.onEnd(end)
  }

  #remember(batch: WatchBatch): void {
    this.#recent.push(batch)
    this.#recentEvents += batch.events.length
    this.#recentBytes += bytesOf(batch)
    if (!this.#isOverfull()) return
    // Down to half, so that the array is not shifted for every batch.
    let drop = 0
    while (this.#isOverfull(2)) {
      const oldest = this.#recent[drop]
      if (oldest === undefined) break
      this.#recentAfter = oldest.revision
      this.#recentEvents -= oldest.events.length
      this.#recentBytes -= bytesOf(oldest)
      drop++
    }
    this.#recent.splice(0, drop)
  }

  #isOverfull(share = 1): boolean {
    return (
      this.#recentEvents * share > limits.recentEventsMax ||
      this.#recentBytes * share > limits.recentBytesMax
    )
  }
}

interface Watcher {
  readonly request: WatchRequest
  readonly range: KeyRange
  /** Everything up to here was delivered, as far as it was asked for. */
  position: Revision
  state: 'behind' | 'live' | 'closed'
}

function announceCaughtUp(watcher: Watcher): void {
  if (watcher.state !== 'closed') watcher.request.onCaughtUp?.()
}

function deliver(watcher: Watcher, batch: WatchBatch): void {
  if (watcher.state === 'closed' || batch.revision <= watcher.position) return
  watcher.position = batch.revision
  if (watcher.range === everything) {
    watcher.request.onEvents(batch)
    return
  }
  const events = batch.events.filter((event) =>
    inRange(watcher.range, event.type === 'put' ? event.record.key : event.key),
  )
  if (events.length > 0) watcher.request.onEvents({ revision: batch.revision, events })
}

function bytesOf(batch: WatchBatch): number {
  let bytes = 0
  for (const event of batch.events) {
    bytes += recordBytes(event.previous)
    if (event.type === 'put') bytes += recordBytes(event.record)
  }
  return bytes
}

function compacted(position: Revision, why: string): StoreError {
  return new StoreError('Compacted', `revision ${position} cannot be watched from: ${why}`)
}

function endFor(error: Error): WatchEnd {
  const isCompacted = error instanceof StoreError && error.reason === 'Compacted'
  return { reason: isCompacted ? 'Compacted' : 'Failed', cause: error }
}
