import { assert } from './assert.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  /** Each wait is so many times the one before; default 2. */
  readonly factor?: number
  /** Each wait is longer by a random part of itself, up to this; default 0. */
  readonly jitter?: number
  /** Who was not asked for so long begins anew; default never. */
  readonly resetMs?: number
}

/** How long to wait between attempts that fail: longer each time. */
export class Backoff {
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: BackoffOptions
  #nextMs: number
  #askedAt: number

  constructor(clock: Clock, random: Random, options: BackoffOptions) {
    assert(options.initialMs > 0, 'a back-off grows from something')
    this.#clock = clock
    this.#random = random
    this.#options = options
    this.#nextMs = options.initialMs
    this.#askedAt = clock.elapsed()
  }

  /** Milliseconds to wait now. */
  next(): number {
    const { maxMs, factor = 2, jitter = 0, resetMs = Infinity } = this.#options
    const now = this.#clock.elapsed()
    if (now - this.#askedAt >= resetMs) this.reset()
    this.#askedAt = now
    const waitMs = Math.min(this.#nextMs, maxMs)
    this.#nextMs = Math.min(waitMs * factor, maxMs)
    return waitMs * (1 + jitter * this.#random.fraction())
  }

  /** The next wait is the first one again. */
  reset(): void {
    this.#nextMs = this.#options.initialMs
  }
}
