import { errors } from '#machinery'
import { streamsMax } from './limits.ts'

/** What passes through the server for as long as it likes, so that it can be ended from here. */
export class OpenStreams {
  readonly #open = new Set<() => void>()

  /** `end` gives the stream up; the result forgets it. Throws upstream's 429 when there are too many. */
  add(end: () => void): () => void {
    if (this.#open.size >= streamsMax) {
      throw errors.tooManyRequests('too many requests, please try again later', 1)
    }
    this.#open.add(end)
    return () => this.#open.delete(end)
  }

  get size(): number {
    return this.#open.size
  }

  endAll(): void {
    for (const end of this.#open) end()
    this.#open.clear()
  }
}
