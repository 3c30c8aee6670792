import { errors } from '#machinery'
import { streamsMax } from './limits.ts'

/** What passes through the server for as long as it likes, so that it can be ended from here. */
export class OpenStreams {
  readonly #open = new Set<() => void>()

  /**
   * `end` gives the stream up; the result forgets it. When there are too many already, gives this one
   * up and throws upstream's 429.
   */
  add(end: () => void): () => void {
    if (this.#open.size >= streamsMax) {
      end()
      throw errors.tooManyRequests('too many requests, please try again later', 1)
    }
    this.#open.add(end)
    return () => this.#open.delete(end)
  }

  endAll(): void {
    for (const end of this.#open) end()
    this.#open.clear()
  }
}
