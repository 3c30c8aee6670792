import { formatMicroTime, type Clock } from '#base'
import type { EventReference } from './events.ts'

/** client-go's limits. */
const finishAfterMs = 6 * 60_000
const refreshEveryMs = 30 * 60_000

/** An events.k8s.io/v1 Event as a client writes it. */
export interface SeriesEvent {
  readonly apiVersion: 'events.k8s.io/v1'
  readonly kind: 'Event'
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly annotations?: Readonly<Record<string, string>> | undefined
  }
  readonly eventTime: string
  readonly reportingController: string
  readonly reportingInstance: string
  readonly action: string
  readonly reason: string
  readonly regarding: EventReference
  readonly related?: EventReference | undefined
  readonly note: string
  readonly type: string
  readonly series?: { readonly count: number; readonly lastObservedTime: string } | undefined
}

/**
 * Decides what becomes of each events.k8s.io/v1 event (KEP-383): the first of its sort is created,
 * the second turns it into a series, and what follows is counted here and written only when the
 * series is over, or half an hour has passed. The note does not count for the sort.
 */
export class EventSeriesCache {
  readonly #clock: Clock
  readonly #events = new Map<string, Cached>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What is to be written now, if anything: with a series a patch, else a new event. */
  observe(event: SeriesEvent): SeriesEvent | undefined {
    const at = this.#clock.now()
    const key = keyOf(event)
    const known = this.#events.get(key)
    if (known === undefined) {
      this.#events.set(key, { event, at, writtenAt: at })
      return event
    }
    const before = known.event.series
    const series = { count: (before?.count ?? 1) + 1, lastObservedTime: formatMicroTime(at) }
    known.event = { ...known.event, series }
    known.at = at
    if (before !== undefined) return undefined
    known.writtenAt = at
    return known.event
  }

  /** The server refused the event: the next one of its sort is a new one. */
  forget(event: SeriesEvent): void {
    this.#events.delete(keyOf(event))
  }

  /** Series to write, because they are over or were not written for long. */
  sweep(): SeriesEvent[] {
    const now = this.#clock.now()
    const due: SeriesEvent[] = []
    for (const [key, cached] of this.#events) {
      const over = now - cached.at >= finishAfterMs
      const stale = now - cached.writtenAt >= refreshEveryMs
      if (over) this.#events.delete(key)
      if (cached.event.series === undefined || !(over || stale)) continue
      cached.writtenAt = now
      due.push(cached.event)
    }
    return due
  }

  /** When to sweep next; undefined where there is nothing to watch over. */
  get sweepAfterMs(): number | undefined {
    return this.#events.size === 0 ? undefined : finishAfterMs
  }
}

interface Cached {
  event: SeriesEvent
  at: number
  writtenAt: number
}

function keyOf(event: SeriesEvent): string {
  const { type, action, reason, reportingController, reportingInstance } = event
  const sort = [type, action, reason, reportingController, reportingInstance]
  return JSON.stringify([...sort, partsOf(event.regarding), partsOf(event.related ?? {})])
}

function partsOf(reference: EventReference): readonly (string | undefined)[] {
  const { apiVersion, kind, namespace, name, uid, resourceVersion, fieldPath } = reference
  return [apiVersion, kind, namespace, name, uid, resourceVersion, fieldPath]
}
