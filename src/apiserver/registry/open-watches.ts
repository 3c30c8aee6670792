/** The watches that are open, so that a server that stops can end them cleanly. */
export class OpenWatches {
  readonly #ends = new Set<() => void>()

  /** `end` tells the client that the stream is over; the result forgets the watch. */
  add(end: () => void): () => void {
    const entry = () => end()
    this.#ends.add(entry)
    return () => this.#ends.delete(entry)
  }

  endAll(): void {
    for (const end of this.#ends) end()
  }
}
