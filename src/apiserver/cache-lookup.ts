import type { GroupResource, Resource } from '#machinery'
import type { CacheEvent } from './cache/event.ts'
import { keyRange, type ResourceCache } from './cache/resource-cache.ts'
import type { WatchCache } from './cache/watch-cache.ts'
import type { Catalog } from './catalog.ts'
import type { Change, Lookup } from './lookup.ts'

/** The Lookup over the watch cache: what has been applied, synchronously. */
export class CacheLookup implements Lookup {
  readonly #catalog: Catalog
  readonly #cache: WatchCache
  /** Resources by name: lookups happen several times a request. */
  readonly #resources = new Map<string, Resource>()
  #generation = -1

  constructor(catalog: Catalog, cache: WatchCache) {
    this.#catalog = catalog
    this.#cache = cache
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape
  get<T = unknown>(resource: GroupResource, namespace: string, name: string): T | undefined {
    return this.#cacheOf(resource)?.get(namespace, name)?.object as T | undefined
  }

  *list<T = unknown>(resource: GroupResource, namespace = ''): Generator<T, undefined> {
    const cache = this.#cacheOf(resource)
    if (cache === undefined) return
    const { start, end } = keyRange(cache.resource, namespace)
    for (const entry of cache.snapshot().values(start, end)) yield entry.object as T
  }

  onChange<T>(resource: GroupResource, run: (change: Change<T>) => void): () => void {
    const cache = this.#cacheOf(resource)
    if (cache === undefined) return () => {}
    return cache.onChange(({ entry, previous }: CacheEvent) =>
      run({ object: entry?.peek() as T | undefined, previous: previous?.peek() as T | undefined }),
    )
  }

  #cacheOf({ group, resource }: GroupResource): ResourceCache | undefined {
    if (this.#generation !== this.#catalog.generation) {
      this.#resources.clear()
      this.#generation = this.#catalog.generation
    }
    const key = `${resource}.${group}`
    let found = this.#resources.get(key)
    if (found === undefined) {
      found = this.#catalog.findResource(group, resource)
      if (found === undefined) return undefined
      this.#resources.set(key, found)
    }
    return this.#cache.cache(found)
  }
}
