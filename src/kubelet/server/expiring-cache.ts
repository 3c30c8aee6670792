import type { Clock } from '#base'

interface Entry<V> {
  readonly value: Promise<V>
  untilMs: number
}

/**
 * Answers that hold for some time. Who asks for the same while it is being found out waits for the
 * same answer. What failed is not kept; of too many, the oldest go.
 */
export class ExpiringCache<V> {
  readonly #clock: Clock
  readonly #sizeMax: number
  readonly #entries = new Map<string, Entry<V>>()

  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock
    this.#sizeMax = sizeMax
  }

  /** The value that is known, or that `load` finds, kept for as long as `ttlMs` says. */
  async get(key: string, load: () => Promise<V>, ttlMs: (value: V) => number): Promise<V> {
    const known = this.#entries.get(key)
    if (known !== undefined && this.#clock.elapsed() < known.untilMs) return known.value
    this.#entries.delete(key)
    const entry: Entry<V> = { value: load(), untilMs: Infinity }
    this.#entries.set(key, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#sizeMax && oldest !== undefined) this.#entries.delete(oldest)
    try {
      const value = await entry.value
      entry.untilMs = this.#clock.elapsed() + ttlMs(value)
      return value
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      throw error
    }
  }
}
