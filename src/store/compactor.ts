import { asError, type Clock, type Log, type Timer } from '#base'
import type { Engine } from './engine.ts'
import { everything, type KeyRange } from './key-range.ts'
import * as limits from './limits.ts'
import { prefixEnd, StoreError } from './store.ts'

/**
 * How long superseded states are kept. All keys have history 'window', those with one of the
 * prefixes 'short'.
 */
export interface HistoryPolicy {
  readonly short: readonly string[]
  readonly windowMs?: number | undefined
  readonly shortMs?: number | undefined
  /** Bytes of superseded states; above it the window gives way. */
  readonly bytesMax: number
}

/** Applies a policy to a store, in the background, until it is stopped. */
export class Compactor {
  readonly #engine: Engine
  readonly #policy: HistoryPolicy
  readonly #clock: Clock
  readonly #log: Log
  #timer: Timer | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(
    engine: Engine,
    policy: HistoryPolicy,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#engine = engine
    this.#policy = policy
    this.#clock = clock
    this.#log = log
    this.#later()
  }

  /** One round: every age limit, then the limit in bytes. */
  async compact(): Promise<void> {
    const { short, windowMs, shortMs } = this.#policy
    await this.#forgetOlder(everything, windowMs ?? limits.historyWindowMs)
    for (const prefix of short) {
      const range = { start: prefix, end: prefixEnd(prefix) }
      await this.#forgetOlder(range, shortMs ?? limits.historyShortMs)
    }
    await this.#fitBytes()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #later(): void {
    if (this.#stopped) return
    const run = () => (this.#running = this.#round())
    this.#timer = this.#clock.timer(limits.compactionIntervalMs, () => void run(), { unref: true })
  }

  async #round(): Promise<void> {
    try {
      await this.compact()
    } catch (error) {
      // A store that is closed or failed says so itself; a full one is tried again next time.
      const reason = error instanceof StoreError ? error.reason : undefined
      if (reason === 'Unavailable') return
      this.#log.warn('history was not compacted', { error: asError(error).message })
    }
    this.#later()
  }

  async #forgetOlder(range: KeyRange, ageMs: number): Promise<void> {
    const revision = await this.#engine.revisionAt(this.#clock.now() - ageMs)
    if (revision > 0) await this.#engine.compact({ ...range, revision })
  }

  /** Gives up the oldest part of the window, a share of its time at a go, until it fits. */
  async #fitBytes(): Promise<void> {
    const window = this.#policy.windowMs ?? limits.historyWindowMs
    for (let ageMs = window / 2; ageMs >= 1_000; ageMs /= 2) {
      if (this.#stopped || (await this.#engine.historyBytes()) <= this.#policy.bytesMax) return
      await this.#forgetOlder(everything, ageMs)
    }
  }
}
