import { asError, type Clock, type Log } from '#base'
import { DnsError } from '../error.ts'
import { forward as limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import type { Answer } from '../records/decide.ts'
import { flag, rcode } from '../wire/codes.ts'
import type { Message } from '../wire/message.ts'
import { nameKey } from '../wire/name.ts'
import { AnswerCache } from './answer-cache.ts'
import type { Asked, Exchange, Resolver } from './exchange.ts'

export interface ForwarderOptions {
  readonly resolvers: readonly Resolver[]
  readonly exchange: Exchange
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Asks other resolvers, one after the other until one has an answer, and remembers what they say.
 * A question that is already on its way is not sent again: this also ends loops, since what comes
 * back to us waits for itself and fails in time.
 */
export class Forwarder {
  readonly #options: ForwarderOptions
  readonly #cache = new AnswerCache()
  readonly #asking = new Map<string, Promise<Answer>>()
  readonly #failedMs = new Map<Resolver, number>()
  readonly #stopping = new AbortController()
  #waiting = 0

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  get canAsk(): boolean {
    return this.#options.resolvers.length > 0
  }

  /**
   * Never rejects: without a resolver, or one that answers in time, the answer is a server
   * failure; beyond the limit of questions it is a refusal.
   */
  async ask(asked: Asked): Promise<Answer> {
    const { clock, metrics, resolvers } = this.#options
    if (resolvers.length === 0) return failed(rcode.serverFailure)
    const { question, dnssecOk, checkingDisabled } = asked
    const key = [nameKey(question.name), question.type, dnssecOk, checkingDisabled].join(' ')
    const known = this.#cache.get(key, clock.elapsed())
    if (known !== undefined) {
      metrics.cacheHit(known.answers.length > 0 ? 'success' : 'denial')
      return known
    }
    metrics.cacheMiss()
    if (this.#waiting >= limits.waitingMax) {
      metrics.forwardRejected()
      return failed(rcode.refused)
    }
    this.#waiting++
    try {
      return await (this.#asking.get(key) ?? this.#begin(key, asked))
    } finally {
      this.#waiting--
    }
  }

  /** Questions under way end in failures, and so do later ones. */
  stop(): void {
    this.#stopping.abort(new DnsError('Unreachable', 'the server stops'))
  }

  #begin(key: string, asked: Asked): Promise<Answer> {
    const asking = this.#askEach(asked)
      .then((answer) => {
        this.#cache.set(key, answer, this.#options.clock.elapsed())
        return answer
      })
      .finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  async #askEach(asked: Asked): Promise<Answer> {
    const { clock, log } = this.#options
    const until = clock.elapsed() + limits.totalMs
    let last = failed(rcode.serverFailure)
    for (const resolver of this.#inOrder()) {
      const leftMs = Math.min(limits.attemptMs, until - clock.elapsed())
      if (leftMs <= 0 || this.#stopping.signal.aborted) break
      try {
        const message = await this.#within(leftMs, (signal) =>
          this.#askOne(resolver, asked, signal),
        )
        last = answerOf(message)
        if (!unhelpful.includes(message.rcode)) {
          this.#failedMs.delete(resolver)
          return last
        }
      } catch (error) {
        log.debug('a resolver did not answer', { resolver, error: asError(error).message })
      }
      this.#failedMs.set(resolver, clock.elapsed())
    }
    return last
  }

  async #askOne(resolver: Resolver, asked: Asked, signal: AbortSignal): Promise<Message> {
    const { exchange } = this.#options
    const message = await exchange(resolver, asked, 'udp', signal)
    if (asked.plain !== true && message.edns === undefined && puzzled.includes(message.rcode)) {
      return this.#askOne(resolver, { ...asked, plain: true }, signal)
    }
    return (message.flags & flag.truncated) === 0
      ? message
      : exchange(resolver, asked, 'tcp', signal)
  }

  /** As they were given, those that failed lately last. */
  #inOrder(): Resolver[] {
    const nowMs = this.#options.clock.elapsed()
    const isBad = (resolver: Resolver) =>
      nowMs - (this.#failedMs.get(resolver) ?? Number.NEGATIVE_INFINITY) < limits.avoidMs
    const { resolvers } = this.#options
    return [...resolvers.filter((each) => !isBad(each)), ...resolvers.filter(isBad)]
  }

  async #within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const attempt = new AbortController()
    const { clock } = this.#options
    const timer = clock.timer(limitMs, () =>
      attempt.abort(new DnsError('Unreachable', `no answer within ${limitMs} ms`)),
    )
    const { signal } = this.#stopping
    const onStop = () => attempt.abort(signal.reason)
    signal.addEventListener('abort', onStop)
    try {
      return await work(attempt.signal)
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', onStop)
    }
  }
}

/** What a resolver says to EDNS that does not know it (RFC 6891, section 7). */
const puzzled: readonly number[] = [rcode.formatError, rcode.notImplemented]

/** After these another resolver may know better. */
const unhelpful: readonly number[] = [...puzzled, rcode.serverFailure, rcode.refused]

function answerOf({ rcode: code, answers, authorities, additionals }: Message): Answer {
  return { rcode: code, authoritative: false, answers, authorities, additionals }
}

function failed(code: number): Answer {
  return { rcode: code, authoritative: false, answers: [], authorities: [], additionals: [] }
}
