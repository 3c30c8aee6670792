import { assert, OrderedMap, type OrderedMapEditor } from '#base'
import type { Revision } from '#store'
import { prefixEnd } from '#store'
import { storageKey, storagePrefix, type Resource } from '#machinery'
import { limits } from '../limits.ts'
import type { CacheEntry } from './entry.ts'
import type { CacheEvent } from './event.ts'
import { matches, type Filter } from './filter.ts'
import { WatchGroups, type Deliver } from './watch-groups.ts'

/**
 * All objects of one resource at the newest revision known, their recent changes, and who watches
 * them. Reading is synchronous; waiting for a revision is the caller's (`WatchCache`).
 */
export class ResourceCache {
  readonly resource: Resource
  readonly prefix: string
  readonly #objects: OrderedMapEditor<CacheEntry> = OrderedMap.empty<CacheEntry>().edit()
  /** The same by key: each write asks several times, and a walk down the tree compares texts. */
  readonly #byKey = new Map<string, CacheEntry>()
  readonly #groups: WatchGroups
  readonly #listeners = new Set<(event: CacheEvent) => void>()
  /** A ring of the newest events; `#recentFrom` is the revision after which it is complete. */
  #recent: CacheEvent[] = []
  #recentFrom: Revision = 0

  constructor(resource: Resource) {
    this.resource = resource
    this.prefix = storagePrefix(resource)
    this.#groups = new WatchGroups()
  }

  get size(): number {
    return this.#objects.size
  }

  get(namespace: string, name: string): CacheEntry | undefined {
    return this.#byKey.get(storageKey(this.resource, namespace, name))
  }

  getByKey(key: string): CacheEntry | undefined {
    return this.#byKey.get(key)
  }

  /** All objects now, in key order, as a value that later changes do not touch. */
  snapshot(): OrderedMap<CacheEntry> {
    return this.#objects.snapshot()
  }

  /** Takes one object that the store holds, before any change; indexes hear of it as a creation. */
  load(entry: CacheEntry): void {
    this.#objects.set(entry.key, entry)
    this.#byKey.set(entry.key, entry)
    const event = { revision: entry.modRevision, entry, previous: undefined }
    for (const listener of this.#listeners) listener(event)
  }

  /** What was loaded is the state at this revision. */
  loaded(revision: Revision): void {
    this.#recentFrom = revision
  }

  /** Takes one change, in revision order. */
  apply(event: CacheEvent): void {
    const { entry, previous } = event
    if (entry !== undefined) {
      this.#objects.set(entry.key, entry)
      this.#byKey.set(entry.key, entry)
    } else if (previous !== undefined) {
      this.#objects.delete(previous.key)
      this.#byKey.delete(previous.key)
    }
    this.#remember(event)
    for (const listener of this.#listeners) listener(event)
    this.#groups.apply(event)
  }

  /** Changes after `revision`, or undefined when memory does not reach back that far. */
  eventsAfter(revision: Revision): readonly CacheEvent[] | undefined {
    if (revision < this.#recentFrom) return undefined
    const from = this.#recent.findIndex((event) => event.revision > revision)
    return from === -1 ? [] : this.#recent.slice(from)
  }

  /** Delivers changes that the filter sees from now on; the result ends it. */
  watch(filter: Filter, deliver: Deliver): () => void {
    return this.#groups.add(filter, deliver)
  }

  /** Calls `run` synchronously with each change, before any watcher hears of it. */
  onChange(run: (event: CacheEvent) => void): () => void {
    this.#listeners.add(run)
    return () => this.#listeners.delete(run)
  }

  #remember(event: CacheEvent): void {
    this.#recent.push(event)
    // Cutting half at a time keeps this O(1) per event.
    if (this.#recent.length >= 2 * limits.recentEventsMax) {
      const cut = this.#recent.splice(0, limits.recentEventsMax)
      const last = cut.at(-1)
      assert(last !== undefined, 'something was cut')
      // A transaction may have put several events of one revision here; all of it must be cut.
      while (this.#recent[0]?.revision === last.revision) this.#recent.shift()
      this.#recentFrom = last.revision
    }
  }
}

/** The part of a snapshot that a filter can match at all, as a key range. */
export function keyRange(resource: Resource, namespace: string): { start: string; end: string } {
  const prefix = storagePrefix(resource)
  const start = resource.namespaced && namespace !== '' ? `${prefix}${namespace}/` : prefix
  return { start, end: prefixEnd(start) }
}

/** Entries of a snapshot that match, in key order, from `start` on. */
export function* select(
  snapshot: OrderedMap<CacheEntry>,
  resource: Resource,
  filter: Filter,
  start?: string,
): Generator<CacheEntry, undefined> {
  const name = filter.fields?.requiresExactMatch('metadata.name')
  if (name !== undefined && (!resource.namespaced || filter.namespace !== '')) {
    const entry = snapshot.get(storageKey(resource, filter.namespace, name))
    if (entry !== undefined && matches(filter, entry)) yield entry
    return
  }
  const range = keyRange(resource, filter.namespace)
  for (const entry of snapshot.values(start ?? range.start, range.end)) {
    if (matches(filter, entry)) yield entry
  }
}
