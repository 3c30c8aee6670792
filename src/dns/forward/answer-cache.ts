import { cache as limits } from '../limits.ts'
import type { Answer } from '../records/decide.ts'
import { rcode, recordType } from '../wire/codes.ts'
import type { ResourceRecord } from '../wire/message.ts'

interface Entry {
  readonly answer: Answer
  readonly storedMs: number
  readonly expiresMs: number
}

/**
 * Answers of resolvers, for as long as they say (RFC 2308 for what is not there), and no longer
 * than a named limit. Times are of the monotonic clock.
 */
export class AnswerCache {
  readonly #entries = new Map<string, Entry>()
  #records = 0

  /** With as much less to live as has gone by. */
  get(key: string, nowMs: number): Answer | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (nowMs >= entry.expiresMs) {
      this.#delete(key)
      return undefined
    }
    const ageSeconds = Math.floor((nowMs - entry.storedMs) / 1000)
    return ageSeconds === 0 ? entry.answer : aged(entry.answer, ageSeconds)
  }

  /** Forgets those stored first when it is full. */
  set(key: string, answer: Answer, nowMs: number): void {
    const seconds = Math.min(lifetimeSeconds(answer), limits.keepSecondsMax)
    if (seconds <= 0) return
    this.#delete(key)
    this.#entries.set(key, { answer, storedMs: nowMs, expiresMs: nowMs + seconds * 1000 })
    this.#records += recordsOf(answer)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= limits.entriesMax && this.#records <= limits.recordsMax) return
      this.#delete(oldest)
    }
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#records -= recordsOf(entry.answer)
  }
}

function recordsOf({ answers, authorities, additionals }: Answer): number {
  return answers.length + authorities.length + additionals.length
}

/** 0 for what must not be kept: failures, and denials that do not say how long they hold. */
function lifetimeSeconds({ rcode: code, answers, authorities }: Answer): number {
  if (code !== rcode.noError && code !== rcode.nameError) return 0
  const denied = code === rcode.nameError || answers.every(({ type }) => type === recordType.CNAME)
  const ttls = answers.map(({ ttl }) => ttl)
  if (denied) {
    const authority = authorities.find(({ type }) => type === recordType.SOA)
    if (authority === undefined) return 0
    ttls.push(authority.ttl, minimumOf(authority))
  }
  return Math.min(...ttls)
}

/** The last number of a record of authority. */
function minimumOf({ data }: ResourceRecord): number {
  const numbers = data.at(-1)
  return numbers instanceof Uint8Array ? Buffer.from(numbers).readUInt32BE(16) : 0
}

function aged(answer: Answer, seconds: number): Answer {
  const older = (records: readonly ResourceRecord[]) =>
    records.map((record) => ({ ...record, ttl: Math.max(0, record.ttl - seconds) }))
  return {
    ...answer,
    answers: older(answer.answers),
    authorities: older(answer.authorities),
    additionals: older(answer.additionals),
  }
}
