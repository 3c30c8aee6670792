import type { Clock, OrderedMap } from '#base'
import type { Resource } from '#machinery'
import type { Revision } from '#store'
import type { CacheEntry } from '../cache/entry.ts'
import { limits } from '../limits.ts'

/**
 * Snapshots that paged lists go on reading from. A snapshot shares all that has not changed with
 * the present, so it costs what changes while it is held.
 */
export class PinnedLists {
  readonly #clock: Clock
  readonly #pinned = new Map<string, Pinned>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  pin(resource: Resource, revision: Revision, snapshot: OrderedMap<CacheEntry>): void {
    const key = keyOf(resource, revision)
    const expires = this.#clock.now() + limits.continueTokenMs
    // Inserted anew, so that the map stays in the order of expiry.
    this.#pinned.delete(key)
    this.#pinned.set(key, { resource, snapshot, expires })
    for (const [oldest, pinned] of this.#pinned) {
      const full = this.#pinned.size > limits.pinnedListsMax
      if (!full && pinned.expires > this.#clock.now()) break
      this.#pinned.delete(oldest)
    }
  }

  find(resource: Resource, revision: Revision): OrderedMap<CacheEntry> | undefined {
    const pinned = this.#pinned.get(keyOf(resource, revision))
    return pinned?.resource === resource ? pinned.snapshot : undefined
  }
}

interface Pinned {
  readonly resource: Resource
  readonly snapshot: OrderedMap<CacheEntry>
  readonly expires: number
}

function keyOf(resource: Resource, revision: Revision): string {
  return `${revision}/${resource.storagePath}`
}
