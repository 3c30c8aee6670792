import type { CacheEntry } from './entry.ts'

/**
 * Bounds how many cache entries keep their decoded object: a ring in which each newly decoded
 * entry displaces the oldest. Bytes are always kept; an object can always be made again.
 */
export class DecodedObjects {
  readonly #ring: (CacheEntry | undefined)[]
  #next = 0

  constructor(max: number) {
    this.#ring = Array.from({ length: max })
  }

  keep(entry: CacheEntry): void {
    this.#ring[this.#next]?.forgetObject()
    this.#ring[this.#next] = entry
    this.#next = (this.#next + 1) % this.#ring.length
  }
}
