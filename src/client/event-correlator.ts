import { formatTime, type Clock } from '#base'
import type { EventInput } from '#api'
import { Lru } from './lru.ts'
import { TokenBucket } from './rate-limiter.ts'

/** client-go's limits. */
const cacheSizeMax = 4096
const aggregateAfter = 10
const aggregateWithinMs = 600_000
const spamBurst = 25
const spamPerSecond = 1 / 300

export interface CorrelatedEvent {
  readonly event: EventInput
  /** Undefined: create it. Else what changes on the event of this name, which is there. */
  readonly patch: EventPatch | undefined
}

export interface EventPatch {
  readonly count: number
  readonly lastTimestamp: string
  readonly message: string
}

/**
 * Decides what becomes of each core/v1 event (client-go's EventCorrelator): an event that was seen
 * before counts up the old one; the tenth message within ten minutes that differs from others in
 * nothing else, and all that follow, count up one combined event; a source that says too much
 * about one object is not heard.
 */
export class EventCorrelator {
  readonly #clock: Clock
  readonly #newName: (involvedName: string) => string
  readonly #similar = new Lru<string, { messages: Set<string>; at: number }>(cacheSizeMax)
  readonly #seen = new Lru<string, Seen>(cacheSizeMax)
  readonly #buckets = new Lru<string, TokenBucket>(cacheSizeMax)

  constructor(clock: Clock, newName: (involvedName: string) => string) {
    this.#clock = clock
    this.#newName = newName
  }

  /** Undefined: drop it. */
  correlate(received: EventInput): CorrelatedEvent | undefined {
    const { event, key } = this.#aggregate(received)
    // A dropped event is counted too, and shows with the next one that is not.
    const result = this.#count(event, key)
    return this.#isSpam(event) ? undefined : result
  }

  #aggregate(event: EventInput): { event: EventInput; key: string } {
    const now = this.#clock.now()
    const key = keyOf([...sourceParts(event), ...similarParts(event)])
    const message = event.message ?? ''
    let record = this.#similar.get(key)
    if (record === undefined || now - record.at > aggregateWithinMs) {
      record = { messages: new Set(), at: now }
    }
    record.messages.add(message)
    record.at = now
    this.#similar.set(key, record)
    if (record.messages.size < aggregateAfter) {
      const fieldPath = event.involvedObject.fieldPath ?? ''
      return {
        event,
        key: keyOf([...sourceParts(event), ...similarParts(event), fieldPath, message]),
      }
    }
    const [oldest = message] = record.messages
    record.messages.delete(oldest)
    const combined = {
      ...event,
      metadata: { ...event.metadata, name: this.#newName(event.involvedObject.name ?? '') },
      message: `(combined from similar events): ${message}`,
    }
    return { event: combined, key }
  }

  #count(event: EventInput, key: string): CorrelatedEvent {
    const before = this.#seen.get(key)
    const lastTimestamp = event.lastTimestamp ?? formatTime(this.#clock.now())
    if (before === undefined) {
      const { name = '' } = event.metadata
      this.#seen.set(key, { name, count: 1, firstTimestamp: event.firstTimestamp ?? lastTimestamp })
      return { event, patch: undefined }
    }
    const { name, firstTimestamp } = before
    const count = before.count + 1
    this.#seen.set(key, { ...before, count })
    const counted = { ...event, metadata: { ...event.metadata, name }, firstTimestamp, count }
    return { event: counted, patch: { count, lastTimestamp, message: event.message ?? '' } }
  }

  #isSpam(event: EventInput): boolean {
    const key = keyOf(sourceParts(event))
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket({ clock: this.#clock, perSecond: spamPerSecond, burst: spamBurst })
      this.#buckets.set(key, bucket)
    }
    return !bucket.tryTake()
  }
}

interface Seen {
  readonly name: string
  readonly count: number
  readonly firstTimestamp: string
}

/** Who says something, about what. */
function sourceParts({ source, involvedObject }: EventInput): string[] {
  const { kind = '', namespace = '', name = '', uid = '', apiVersion = '' } = involvedObject
  return [source?.component ?? '', source?.host ?? '', kind, namespace, name, uid, apiVersion]
}

/** What it says, but for the message. */
function similarParts({ type, reason, reportingComponent, reportingInstance }: EventInput) {
  return [type ?? '', reason ?? '', reportingComponent ?? '', reportingInstance ?? '']
}

function keyOf(parts: readonly string[]): string {
  return JSON.stringify(parts)
}
