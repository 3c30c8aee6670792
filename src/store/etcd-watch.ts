import type { Clock, Log, Timer } from '#base'
import type { EtcdConnection } from './etcd-connection.ts'
import type { EtcdEvent, EtcdWatchResponse } from './etcd-protocol.ts'
import { recordOf } from './etcd-record.ts'
import * as limits from './limits.ts'
import {
  StoreError,
  type Revision,
  type StoreEvent,
  type WatchEnd,
  type WatchRequest,
} from './store.ts'

export interface EtcdWatchOptions {
  readonly request: WatchRequest
  readonly clock: Clock
  readonly log: Log
  /** The watch ended or was closed. */
  onDone(): void
}

/**
 * One watch on etcd. When its stream breaks it is made again from the last revision delivered, on
 * the next endpoint, as long as `etcdWatchRetriesMax` attempts in a row allow.
 */
export class EtcdWatch {
  readonly #connection: EtcdConnection
  readonly #keys: { readonly key: Uint8Array; readonly range_end: Uint8Array }
  readonly #options: EtcdWatchOptions
  #position: Revision
  #failures = 0
  #done = false
  #retry: Timer | undefined
  #cancel: () => void = () => {}

  constructor(
    connection: EtcdConnection,
    keys: { readonly key: Uint8Array; readonly range_end: Uint8Array },
    options: EtcdWatchOptions,
  ) {
    this.#connection = connection
    this.#keys = keys
    this.#options = options
    this.#position = options.request.after
  }

  start(): void {
    if (this.#done) return
    const stream = this.#connection.stream(
      'Watch.Watch',
      (message) => this.#receive(message),
      (error) => this.#broken(error),
    )
    this.#cancel = () => stream.cancel()
    stream.write({
      create_request: { ...this.#keys, start_revision: this.#position + 1, prev_kv: true },
    })
  }

  close(): void {
    if (this.#done) return
    this.#done = true
    this.#retry?.cancel()
    this.#cancel()
    this.#options.onDone()
  }

  end(end: WatchEnd): void {
    if (this.#done) return
    this.close()
    this.#options.request.onEnd(end)
  }

  #receive(message: EtcdWatchResponse): void {
    if (this.#done) return
    this.#failures = 0
    if (message.canceled) {
      const compacted = Number(message.compact_revision) > 0
      const what = compacted ? 'the history is gone' : message.cancel_reason
      const cause = new StoreError(compacted ? 'Compacted' : 'Unavailable', `etcd: ${what}`)
      this.end({ reason: compacted ? 'Compacted' : 'Failed', cause })
      return
    }
    // A message holds whole transactions, often several.
    const { events } = message
    for (let from = 0; from < events.length;) {
      const revision = revisionOf(events[from])
      let to = from + 1
      while (to < events.length && revisionOf(events[to]) === revision) to++
      this.#deliver(revision, events.slice(from, to))
      if (this.#isDone()) return
      from = to
    }
  }

  #deliver(revision: Revision, events: readonly EtcdEvent[]): void {
    if (revision <= this.#position) return
    const converted = events.map(eventOf)
    const whole = converted.filter((event) => event !== undefined)
    if (whole.length < converted.length) {
      // What was there before a deletion was compacted away before this watch came to it.
      this.end({ reason: 'Compacted' })
      return
    }
    this.#position = revision
    this.#options.request.onEvents({ revision, events: whole })
  }

  /** The receiver of an event may have closed the watch. */
  #isDone(): boolean {
    return this.#done
  }

  #broken(error: StoreError): void {
    if (this.#done) return
    this.#failures++
    if (error.reason !== 'Unavailable' || this.#failures > limits.etcdWatchRetriesMax) {
      const reason = error.reason === 'Compacted' ? 'Compacted' : 'Failed'
      this.end({ reason, cause: error })
      return
    }
    const { clock, log } = this.#options
    log.warn('the watch on etcd broke and is made again', { error: error.message })
    const delayMs = Math.min(limits.etcdRetryMs * 2 ** (this.#failures - 1), limits.etcdRetryMaxMs)
    this.#retry = clock.timer(delayMs, () => this.start())
  }
}

function revisionOf(event: EtcdEvent | undefined): Revision {
  return Number(event?.kv.mod_revision ?? 0)
}

function eventOf(event: EtcdEvent): StoreEvent | undefined {
  const previous = event.prev_kv === null ? undefined : recordOf(event.prev_kv)
  if (event.type === 'PUT') return { type: 'put', record: recordOf(event.kv), previous }
  if (previous === undefined) return undefined
  return { type: 'delete', key: event.kv.key.toString(), previous }
}
