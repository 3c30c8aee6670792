import type { Resource } from '#machinery'

/** The watches that are open, so that they can be ended cleanly from this side. */
export class OpenWatches {
  readonly #open = new Set<{ readonly resource: Resource; end(): void }>()

  /** `end` tells the client that the stream is over; the result forgets the watch. */
  add(resource: Resource, end: () => void): () => void {
    const watch = { resource, end }
    this.#open.add(watch)
    return () => this.#open.delete(watch)
  }

  /** The server stops. */
  endAll(): void {
    for (const watch of this.#open) watch.end()
  }

  /** The resource is no longer served as it was. */
  endOf(resource: Resource): void {
    for (const watch of this.#open) if (watch.resource === resource) watch.end()
  }
}
