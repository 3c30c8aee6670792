import { asError, formatMicroTime, formatTime, type Clock, type Log, type Random } from '#base'
import { Event, type EventInput } from '#api'
import { hasReason, StatusError } from '#machinery'
import type { Client } from './client.ts'
import { ConnectionError } from './error.ts'
import { EventCorrelator } from './event-correlator.ts'
import { EventSeriesCache, type SeriesEvent } from './event-series.ts'
import { referenceTo, type EventRecorder, type EventTarget, type RecordedEvent } from './events.ts'

export interface EventBroadcasterOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface EventSourceOptions {
  /** Such as deployment-controller. */
  readonly component: string
  /** The node, where the component belongs to one. */
  readonly host?: string | undefined
  /**
   * As which kind events are written. Upstream's scheduler writes events.k8s.io/v1 (counted as
   * series), its controllers and its kubelet v1 (counted and combined); default v1.
   */
  readonly api?: 'v1' | 'events.k8s.io/v1' | undefined
}

/** client-go's limits. */
const queueMax = 1_000
const triesMax = 12
const retryMs = 10_000
/** What waits at disposal has so long to get out. */
const flushMs = 1_000
/** Validation allows no longer notes, in bytes. */
const noteBytesMax = 1_024

/**
 * Sends events to the API server in the order in which they were recorded, one at a time. While
 * the server is not reached, up to 1,000 wait; what comes then is dropped.
 */
export class EventBroadcaster implements AsyncDisposable {
  readonly #client: Client
  readonly #options: EventBroadcasterOptions
  readonly #correlator: EventCorrelator
  readonly #series: EventSeriesCache
  readonly #stopping = new AbortController()
  readonly #queue: Work[] = []
  #sending: Promise<void> | undefined
  #sweeper: { cancel(): void } | undefined
  #lastNano = 0n
  #dropped = 0

  constructor(client: Client, options: EventBroadcasterOptions) {
    this.#client = client
    this.#options = options
    this.#correlator = new EventCorrelator(options.clock, (name) => this.#name(name))
    this.#series = new EventSeriesCache(options.clock)
  }

  recorder(source: EventSourceOptions): EventRecorder {
    return {
      record: (about, event) => {
        if (source.api === 'events.k8s.io/v1') {
          this.#enqueue({ api: 'series', event: this.#seriesEvent(source, about, event) })
        } else this.#enqueue({ api: 'core', event: this.#coreEvent(source, about, event) })
      },
    }
  }

  /** Events that were not delivered: too many waited, or the server was not reached for long. */
  get dropped(): number {
    return this.#dropped
  }

  /** Waits until nothing waits to be sent any more. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  /** Sends what waits, for a second at most; drops what is recorded afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweeper?.cancel()
    const timer = this.#options.clock.timer(flushMs, () => this.#stopping.abort())
    await this.flush()
    timer.cancel()
    this.#stopping.abort()
  }

  #enqueue(work: Work): void {
    if (this.#stopping.signal.aborted || this.#queue.length >= queueMax) {
      this.#drop('the queue of events is full')
      return
    }
    this.#queue.push(work)
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined
    })
  }

  async #drain(): Promise<void> {
    // Recording returns before anything else happens.
    await Promise.resolve()
    for (let work; (work = this.#queue.shift()) !== undefined;) {
      if (work.api === 'core') await this.#sendCore(work.event)
      else if (work.api === 'series') await this.#sendSeries(work.event)
      else for (const event of this.#series.sweep()) await this.#writeSeries(event)
      this.#planSweep()
    }
  }

  async #sendCore(recorded: EventInput): Promise<void> {
    const correlated = this.#correlator.correlate(recorded)
    if (correlated === undefined) return
    const { event, patch } = correlated
    const { name = '', namespace = '' } = event.metadata
    const events = this.#client.resource(Event).namespace(namespace)
    const { signal } = this.#stopping
    await this.#deliver(async () => {
      if (patch !== undefined) {
        try {
          await events.patch(name, { type: 'strategic', patch }, { signal })
          return
        } catch (error) {
          // It has expired meanwhile.
          if (!hasReason(error, 'NotFound')) throw error
        }
      }
      await events.create(event, { signal })
    })
  }

  async #sendSeries(event: SeriesEvent): Promise<void> {
    const due = this.#series.observe(event)
    if (due !== undefined) await this.#writeSeries(due)
  }

  async #writeSeries(event: SeriesEvent): Promise<void> {
    const { name, namespace } = event.metadata
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`
    const { signal } = this.#stopping
    const { series } = event
    const accepted = await this.#deliver(async () => {
      if (series !== undefined) {
        try {
          await this.#client.send({
            method: 'PATCH',
            path: `${path}/${encodeURIComponent(name)}`,
            contentType: 'application/strategic-merge-patch+json',
            body: { series },
            signal,
          })
          return
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error
        }
      }
      await this.#client.send({ method: 'POST', path, body: event, signal })
    })
    if (!accepted && series === undefined) this.#series.forget(event)
  }

  /** Whether the server took it. One that refuses is not asked again; one out of reach is. */
  async #deliver(write: () => Promise<void>): Promise<boolean> {
    const { clock, random, log } = this.#options
    const { signal } = this.#stopping
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        await write()
        return true
      } catch (caught) {
        const error = asError(caught)
        if (error instanceof StatusError) {
          log.debug('the server refused an event', { error: error.message })
          return false
        }
        const closed = error instanceof ConnectionError && error.reason === 'Closed'
        if (closed || tries >= triesMax) break
        // The first wait is of a random length, so that many clients do not come at once.
        const waitMs = tries === 1 ? retryMs * random.fraction() : retryMs
        await clock.sleep(waitMs, signal).catch(() => {})
      }
    }
    this.#drop('the server was not reached')
    return false
  }

  #drop(why: string): void {
    this.#dropped++
    this.#options.log.debug('an event was dropped', { why })
  }

  /** Series are written when they are over: look again later, as long as there are any. */
  #planSweep(): void {
    const afterMs = this.#series.sweepAfterMs
    if (this.#sweeper !== undefined || afterMs === undefined || this.#stopping.signal.aborted)
      return
    this.#sweeper = this.#options.clock.timer(
      afterMs,
      () => {
        this.#sweeper = undefined
        this.#enqueue({ api: 'sweep' })
      },
      { unref: true },
    )
  }

  #coreEvent(source: EventSourceOptions, about: EventTarget, event: RecordedEvent): EventInput {
    const involvedObject = referenceTo(about)
    const now = formatTime(this.#options.clock.now())
    const { component, host = '' } = source
    return {
      metadata: this.#metadata(about, event),
      involvedObject,
      reason: event.reason,
      message: event.message,
      source: { component, host },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type: event.type,
      reportingComponent: component,
      reportingInstance: host,
      ...(event.action === undefined ? {} : { action: event.action }),
      ...(event.related === undefined ? {} : { related: referenceTo(event.related) }),
    }
  }

  #seriesEvent(source: EventSourceOptions, about: EventTarget, event: RecordedEvent): SeriesEvent {
    const { component, host } = source
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: this.#metadata(about, event),
      eventTime: formatMicroTime(this.#options.clock.now()),
      reportingController: component,
      reportingInstance: host === undefined ? component : `${component}-${host}`,
      action: event.action ?? event.reason,
      reason: event.reason,
      regarding: referenceTo(about),
      ...(event.related === undefined ? {} : { related: referenceTo(event.related) }),
      note: shortened(event.message),
      type: event.type,
    }
  }

  #metadata(about: EventTarget, { annotations }: RecordedEvent) {
    const { name = '', namespace = '' } = referenceTo(about)
    return {
      name: this.#name(name),
      // Events about what has no namespace are in the default one, as upstream's are.
      namespace: namespace === '' ? 'default' : namespace,
      ...(annotations === undefined ? {} : { annotations }),
    }
  }

  /** Upstream's form: the time in nanoseconds, which here are made up, and never the same. */
  #name(involvedName: string): string {
    const { clock, random } = this.#options
    const nano = BigInt(Math.trunc(clock.now())) * 1_000_000n + BigInt(random.integer(1_000_000))
    this.#lastNano = nano > this.#lastNano ? nano : this.#lastNano + 1n
    return `${involvedName}.${this.#lastNano.toString(16)}`
  }
}

type Work =
  | { readonly api: 'core'; readonly event: EventInput }
  | { readonly api: 'series'; readonly event: SeriesEvent }
  | { readonly api: 'sweep' }

function shortened(note: string): string {
  const bytes = Buffer.from(note)
  if (bytes.length <= noteBytesMax) return note
  const suffix = ' ...'
  // A character that was cut in half is left out.
  const kept = bytes.subarray(0, noteBytesMax - suffix.length).toString()
  return kept.replace(/\uFFFD+$/, '') + suffix
}
