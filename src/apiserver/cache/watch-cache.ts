import { Slice, withTimeout, TimeoutError, type Clock, type Log } from '#base'
import {
  decodeObject,
  defaultObject,
  encodeCanonical,
  errors,
  storagePrefix,
  type EncodedObject,
  type KubeObject,
  type Resource,
} from '#machinery'
import {
  prefixEnd,
  type KeyValue,
  type Revision,
  type Store,
  type StoreEvent,
  type WatchBatch,
  type WatchEnd,
  type WatchHandle,
} from '#store'
import { limits } from '../limits.ts'
import { DecodedObjects } from './decoded-objects.ts'
import { CacheEntry, storageFace } from './entry.ts'
import type { CacheEvent } from './event.ts'
import { ResourceCache } from './resource-cache.ts'

/**
 * Everything the store holds, decoded once and kept current by the store's one watch stream. All
 * reads of the API server come from here, and they are consistent: `fresh()` first, then read.
 *
 * Promises: a change is visible here, and has been offered to watchers, before the write that made
 * it is answered. Does not promise: that history reaches back; see `replay`.
 */
export class WatchCache {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #caches = new Map<string, ResourceCache>()
  /** Changes of resources that are still loading, by prefix. */
  readonly #loading = new Map<string, { revision: Revision; event: StoreEvent }[]>()
  readonly #decoded = new DecodedObjects(limits.decodedObjectsMax)
  /** Objects this process wrote, by the very bytes it handed to the store. */
  readonly #written = new WeakMap<Uint8Array, WrittenObject>()
  readonly #waiting: { readonly revision: Revision; resolve(): void }[] = []
  #watch: WatchHandle | undefined
  #revision: Revision = 0
  #onFailure: (end: WatchEnd) => void = () => {}

  constructor(store: Store, clock: Clock, log: Log) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** The newest revision applied. */
  get revision(): Revision {
    return this.#revision
  }

  /** Makes room for resources before `start`, so that indexes can follow them from empty. */
  register(resources: Iterable<Resource>): void {
    for (const resource of resources) {
      const cache = new ResourceCache(resource)
      this.#caches.set(cache.prefix, cache)
    }
  }

  /** Loads what the store holds and follows it. `onFailure` hears when the stream cannot go on. */
  async start(onFailure: (end: WatchEnd) => void): Promise<void> {
    this.#onFailure = onFailure
    const revision = await this.#store.barrier()
    for (const cache of this.#caches.values()) await this.#load(cache, revision)
    this.#revision = revision
    this.#follow(revision)
  }

  stop(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  /** Adds a kind at run time; resolves when its objects can be read. */
  async add(resource: Resource): Promise<ResourceCache> {
    const cache = new ResourceCache(resource)
    this.#loading.set(cache.prefix, [])
    try {
      // Changes up to this revision are in the range; later ones are in the buffer.
      const revision = await this.#store.barrier()
      await this.#load(cache, revision)
      const missed = this.#loading.get(cache.prefix) ?? []
      for (const { revision: at, event } of missed) {
        if (at > revision) this.#applyTo(cache, event, at)
      }
      this.#caches.set(cache.prefix, cache)
      return cache
    } finally {
      this.#loading.delete(cache.prefix)
    }
  }

  remove(resource: Resource): void {
    for (const [prefix, cache] of this.#caches) {
      if (cache.resource === resource) this.#caches.delete(prefix)
    }
  }

  cache(resource: Resource): ResourceCache {
    const found = this.#caches.get(storagePrefix(resource))
    if (found !== undefined) return found
    throw errors.serviceUnavailable(`the objects of ${resource.name} are being loaded`, 1)
  }

  /** Tells the cache what bytes about to be written hold, so that it need not parse them. */
  expect(bytes: Uint8Array, written: WrittenObject): void {
    this.#written.set(bytes, written)
  }

  /** Waits until reads are consistent: every write acknowledged before the call is visible. */
  async fresh(): Promise<Revision> {
    const revision = await this.#store.barrier()
    await this.reached(revision)
    return this.#revision
  }

  /** Waits, bounded, until `revision` has been applied; else upstream's "Too large" 504. */
  async reached(revision: Revision): Promise<void> {
    if (this.#revision >= revision) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter = { revision, resolve }
    this.#waiting.push(waiter)
    try {
      await withTimeout(this.#clock, promise, limits.freshnessWaitMs, 'the watch cache')
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      throw errors.tooLargeResourceVersion(revision, this.#revision)
    } finally {
      const at = this.#waiting.indexOf(waiter)
      if (at !== -1) this.#waiting.splice(at, 1)
    }
  }

  /**
   * Changes of one resource after `after` and up to the revision now applied, from the store's
   * history. Rejects with 410 when history does not reach back or holds too many.
   */
  async replay(
    cache: ResourceCache,
    after: Revision,
  ): Promise<{ readonly events: readonly CacheEvent[]; readonly upTo: Revision }> {
    const upTo = this.#revision
    const events: CacheEvent[] = []
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const tooOld = () => errors.resourceExpired(`too old resource version: ${after} (${upTo})`)
    const handle = this.#store.watch({
      after,
      range: { start: cache.prefix, end: prefixEnd(cache.prefix) },
      onEvents: ({ revision, events: changes }) => {
        if (revision > upTo) return
        for (const change of changes) {
          const event = this.#eventOf(cache, change, revision)
          if (event !== undefined) events.push(event)
        }
        if (events.length > limits.replayEventsMax) reject(tooOld())
      },
      onCaughtUp: resolve,
      onEnd: (end) =>
        reject(end.reason === 'Compacted' ? tooOld() : errors.internalError(end.cause)),
    })
    try {
      await withTimeout(this.#clock, promise, limits.freshnessWaitMs, 'history of a watch')
      return { events, upTo }
    } finally {
      handle.close()
    }
  }

  /** An entry for a record outside the current state: history, or what a refused write found. */
  entryOf(resource: Resource, record: KeyValue): CacheEntry | undefined {
    return this.#entry(resource, record)
  }

  async #load(cache: ResourceCache, revision: Revision): Promise<void> {
    const slice = new Slice(this.#clock)
    const end = prefixEnd(cache.prefix)
    let start = cache.prefix
    for (;;) {
      const page = await this.#store.range({ start, end, revision, limit: limits.loadPageRecords })
      for (const record of page.records) {
        const entry = this.#entry(cache.resource, record)
        if (entry !== undefined) {
          cache.load(entry)
          // Who needs the object decodes it again: all of them at once would be many times the bytes.
          entry.forgetObject()
        }
        await slice.breathe()
      }
      const last = page.records.at(-1)
      if (last === undefined || page.records.length < limits.loadPageRecords) break
      start = `${last.key}\0`
    }
    cache.loaded(revision)
  }

  #follow(after: Revision): void {
    this.#watch = this.#store.watch({
      after,
      onEvents: (batch) => this.#apply(batch),
      onEnd: (end) => this.#onFailure(end),
    })
  }

  #apply(batch: WatchBatch): void {
    for (const event of batch.events) {
      const prefix = this.#prefixOf(keyOf(event))
      if (prefix === undefined) continue
      // A kind that is being described anew is both: served as before and loading.
      this.#loading.get(prefix)?.push({ revision: batch.revision, event })
      const cache = this.#caches.get(prefix)
      if (cache !== undefined) this.#applyTo(cache, event, batch.revision)
    }
    this.#revision = batch.revision
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const waiter = this.#waiting[at]
      if (waiter !== undefined && waiter.revision <= batch.revision) waiter.resolve()
    }
  }

  #applyTo(cache: ResourceCache, event: StoreEvent, revision: Revision): void {
    const previous = cache.getByKey(keyOf(event))
    if (event.type === 'delete') {
      if (previous !== undefined) {
        cache.apply({ revision, entry: undefined, previous })
      }
      return
    }
    const entry = this.#entry(cache.resource, event.record)
    if (entry !== undefined) cache.apply({ revision, entry, previous })
  }

  #eventOf(cache: ResourceCache, event: StoreEvent, revision: Revision): CacheEvent | undefined {
    const before = event.previous
    const previous = before === undefined ? undefined : this.#entry(cache.resource, before)
    const entry = event.type === 'put' ? this.#entry(cache.resource, event.record) : undefined
    return entry === undefined && previous === undefined ? undefined : { revision, entry, previous }
  }

  #entry(resource: Resource, record: KeyValue): CacheEntry | undefined {
    const written = this.#written.get(record.value)
    try {
      // A kind may have been described anew since it was written.
      const known = written?.resource === resource ? written : undefined
      const { encoded, object, outdated } = known ?? readStored(resource, record)
      return new CacheEntry(resource, record, encoded, object, this.#decoded, outdated)
    } catch (error) {
      // One value that cannot be read must not take the others with it.
      this.#log.error('stored value cannot be read', { key: record.key, error })
      return undefined
    }
  }

  /** The prefix of the cache that a key belongs to. */
  #prefixOf(key: string): string | undefined {
    // Storage paths have one or two segments: /registry/pods/…, /registry/services/specs/….
    let end = key.indexOf('/', '/registry/'.length)
    for (let segments = 0; segments < 2 && end !== -1; segments++) {
      const prefix = key.slice(0, end + 1)
      if (this.#caches.has(prefix) || this.#loading.has(prefix)) return prefix
      end = key.indexOf('/', end + 1)
    }
    return undefined
  }
}

/** What a writer knows of the bytes it hands to the store. */
export interface WrittenObject {
  /** The description it was made by. */
  readonly resource: Resource
  readonly encoded: EncodedObject
  /** The canonical object of the storage version; the cache freezes it. */
  readonly object: KubeObject
  /** The store holds it in another form than it would be written in today. */
  readonly outdated?: boolean
}

/**
 * Reads a value that this process did not write: upstream's, an older k8ts', or ours from before a
 * restart. It passes through the kind's present schema; bytes that come out as they went in are kept.
 */
function readStored(resource: Resource, record: KeyValue): WrittenObject {
  const { value } = record
  const face = storageFace(resource)
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString()
  const { draft } = decodeObject(face, JSON.parse(text), { shares: true })
  defaultObject(face, draft)
  const { object, encoded } = encodeCanonical(face, draft)
  const unchanged = Buffer.compare(value, encoded.bytes) === 0
  // The store's own bytes, where they are the same, so that they are not held twice.
  return {
    resource,
    object,
    encoded: unchanged ? { ...encoded, bytes: value } : encoded,
    outdated: !unchanged,
  }
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.record.key : event.key
}
