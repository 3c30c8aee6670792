import { assert, type Clock } from '#base'

/** Says how long a key waits before it is tried again. */
export interface RateLimiter<K> {
  /** Milliseconds from now; counts as a failure of the key. */
  when(key: K): number
  /** The key succeeded, or is given up. */
  forget(key: K): void
  /** How often the key failed since it was last forgotten. */
  retries(key: K): number
}

/** client-go's default for controllers: 5 ms doubling to 1000 s per key, 10 a second overall. */
export function controllerRateLimiter<K>(clock: Clock): RateLimiter<K> {
  return slowestOf(
    exponentialRateLimiter({ baseMs: 5, maxMs: 1_000_000 }),
    bucketRateLimiter({ clock, perSecond: 10, burst: 100 }),
  )
}

/** `baseMs` after the first failure, then twice as long each time, at most `maxMs`. */
export function exponentialRateLimiter<K>(options: {
  readonly baseMs: number
  readonly maxMs: number
}): RateLimiter<K> {
  const { baseMs, maxMs } = options
  assert(baseMs > 0 && maxMs >= baseMs, 'a back-off grows from something to something')
  const failures = new Map<K, number>()
  return {
    when(key) {
      const before = failures.get(key) ?? 0
      failures.set(key, before + 1)
      return Math.min(baseMs * 2 ** before, maxMs)
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key) ?? 0,
  }
}

/** A bucket of `burst` tokens that fills by `perSecond`: all keys together, whoever they are. */
export function bucketRateLimiter<K>(options: {
  readonly clock: Clock
  readonly perSecond: number
  readonly burst: number
}): RateLimiter<K> {
  const bucket = new TokenBucket(options)
  return { when: () => bucket.reserve(), forget: () => {}, retries: () => 0 }
}

/** Waits for all of them. */
export function slowestOf<K>(...limiters: readonly RateLimiter<K>[]): RateLimiter<K> {
  return {
    when: (key) => Math.max(...limiters.map((limiter) => limiter.when(key))),
    forget: (key) => {
      for (const limiter of limiters) limiter.forget(key)
    },
    retries: (key) => Math.max(...limiters.map((limiter) => limiter.retries(key))),
  }
}

export class TokenBucket {
  readonly #clock: Clock
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(options: {
    readonly clock: Clock
    readonly perSecond: number
    readonly burst: number
  }) {
    assert(options.perSecond > 0, 'a bucket fills')
    this.#clock = options.clock
    this.#perMs = options.perSecond / 1000
    this.#burst = options.burst
    this.#tokens = options.burst
    this.#at = options.clock.elapsed()
  }

  /** Takes a token if there is one. */
  tryTake(): boolean {
    this.#fill()
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Takes a token, if need be one of the future; returns the milliseconds until it is there. */
  reserve(): number {
    this.#fill()
    this.#tokens--
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs
  }

  #fill(): void {
    const at = this.#clock.elapsed()
    this.#tokens = Math.min(this.#burst, this.#tokens + (at - this.#at) * this.#perMs)
    this.#at = at
  }
}
