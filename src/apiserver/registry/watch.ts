import type { Timer } from '#base'
import {
  formatGroupVersion,
  wholeObject,
  type Face,
  type KubeObject,
  type StructSchema,
} from '#machinery'
import { filtered, type FilteredEvent } from '../cache/watch-groups.ts'
import { select } from '../cache/resource-cache.ts'
import type { CacheEvent } from '../cache/event.ts'
import { limits } from '../limits.ts'
import type { JsonSink, Served, WatchAnswer, WatchEvent, WatchSink } from '../request.ts'
import { cacheOf, type Call } from './call.ts'
import { readListOptions, type ListOptions } from './list-options.ts'

/**
 * WATCH. Everything that can refuse happens before the answer, so that refusals are statuses with
 * a code; the answer then starts where the request asks, without gap or duplicate.
 */
export async function watch(call: Call): Promise<WatchAnswer> {
  const { cache } = call.registry
  const options = readListOptions(call.resource, call.info, call.request.query)
  const initial = options.sendInitialEvents ?? startsFromState(options)
  if (initial && options.revision === undefined) await cache.fresh()
  else await cache.reached(options.revision ?? 0)

  let missed: readonly CacheEvent[] = []
  // 0 is whatever is at hand: without the state itself, that is what happens from now on.
  const after = options.revision === 0 ? undefined : options.revision
  let position = after ?? cache.revision
  if (!initial && after !== undefined) {
    const recent = cacheOf(call).eventsAfter(position)
    if (recent === undefined) {
      const replay = await cache.replay(cacheOf(call), position)
      missed = replay.events
      position = replay.upTo
    }
  }
  return {
    type: 'watch',
    itemSchema: call.face.schema,
    open: (sink) => new Stream(call, options, sink).start(initial, missed, position),
  }
}

/** Without a version, or with 0, a watch begins with the present state as ADDED events. */
function startsFromState({ revision, sendInitialEvents }: ListOptions): boolean {
  return sendInitialEvents === undefined && (revision === undefined || revision === 0)
}

class Stream {
  readonly #call: Call
  readonly #options: ListOptions
  readonly #sink: WatchSink
  #stopWatching: () => void = () => {}
  #forget: () => void = () => {}
  #timers: Timer[] = []
  #closed = false

  constructor(call: Call, options: ListOptions, sink: WatchSink) {
    this.#call = call
    this.#options = options
    this.#sink = sink
  }

  start(initial: boolean, missed: readonly CacheEvent[], position: number): { close(): void } {
    const { registry, request } = this.#call
    const cache = cacheOf(this.#call)
    const { filter } = this.#options
    // Nothing happens between looking at the state and watching: both are synchronous.
    const first: WatchEvent[] = []
    if (initial) {
      for (const entry of select(cache.snapshot(), this.#call.resource, filter)) {
        first.push({ type: 'ADDED', served: entry.served(this.#call.face) })
      }
      if (this.#options.sendInitialEvents === true && this.#options.bookmarks) {
        first.push(this.#bookmark({ 'k8s.io/initial-events-end': 'true' }))
      }
    } else {
      const recent = cache.eventsAfter(position)
      if (recent === undefined) {
        // So much happened since the answer was made that the client must resume once more.
        this.#sink.end()
        return { close: () => {} }
      }
      for (const event of [...missed, ...recent]) {
        const seen = filtered(filter, event)
        if (seen !== undefined) first.push(this.#event(seen))
      }
    }
    this.#stopWatching = cache.watch(filter, (events) => this.#deliver(events))
    if (first.length > 0) this.#sink.events(first)

    const end = () => this.#end()
    request.signal.addEventListener('abort', end, { once: true })
    this.#forget = registry.watches.add(this.#call.resource, end)
    const limit = this.#options.timeoutSeconds
    const timeoutMs =
      limit === undefined
        ? limits.watchTimeoutMinMs * (1 + registry.random.fraction())
        : limit * 1000
    this.#timers.push(registry.clock.timer(timeoutMs, end, { unref: true }))
    if (this.#options.bookmarks) this.#scheduleBookmark()
    return { close: () => this.#close() }
  }

  #deliver(events: readonly FilteredEvent[]): void {
    if (!this.#closed) this.#sink.events(watchEvents(this.#call, events))
  }

  #event(seen: FilteredEvent): WatchEvent {
    return { type: seen.type, served: seen.entry.served(this.#call.face, seen.revision) }
  }

  #scheduleBookmark(): void {
    const timer = this.#call.registry.clock.timer(
      limits.bookmarkIntervalMs,
      () => {
        if (this.#closed) return
        this.#timers = this.#timers.filter((other) => other !== timer)
        this.#sink.events([this.#bookmark()])
        this.#scheduleBookmark()
      },
      { unref: true },
    )
    this.#timers.push(timer)
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): WatchEvent {
    const { registry, face } = this.#call
    const metadata = {
      resourceVersion: String(registry.cache.revision),
      ...(annotations === undefined ? {} : { annotations }),
    }
    const object = { kind: face.kind, apiVersion: formatGroupVersion(face), metadata } as KubeObject
    return { type: 'BOOKMARK', served: new Bookmark(face, object) }
  }

  #end(): void {
    if (this.#closed) return
    this.#close()
    this.#sink.end()
  }

  #close(): void {
    this.#closed = true
    this.#stopWatching()
    this.#forget()
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }
}

/**
 * The events of one delivery in a face. Watchers of one filter get one array from the cache and
 * must get one array from here, too, so that its bytes are made once.
 */
function watchEvents(call: Call, events: readonly FilteredEvent[]): readonly WatchEvent[] {
  let byFace = converted.get(events)
  if (byFace === undefined) converted.set(events, (byFace = new Map()))
  let made = byFace.get(call.face)
  if (made === undefined) {
    made = events.map((seen) => ({
      type: seen.type,
      served: seen.entry.served(call.face, seen.revision),
    }))
    byFace.set(call.face, made)
  }
  return made
}

const converted = new WeakMap<readonly FilteredEvent[], Map<unknown, readonly WatchEvent[]>>()

/** An object of the watched kind that says nothing but how far the stream has come. */
class Bookmark implements Served {
  readonly apiVersion: string
  readonly kind: string
  readonly #face: Face
  readonly #object: KubeObject

  constructor(face: Face, object: KubeObject) {
    this.#face = face
    this.#object = object
    this.apiVersion = object.apiVersion
    this.kind = object.kind
  }

  object(): KubeObject {
    return this.#object
  }

  json(): Uint8Array {
    return Buffer.from(JSON.stringify(this.#object))
  }

  writeItem(to: JsonSink): void {
    to.bytes(this.json())
  }

  writeMetadata(to: JsonSink): void {
    to.text(JSON.stringify(this.#object.metadata))
  }

  get schema(): StructSchema {
    return wholeObject(this.#face.schema)
  }

  readonly columns = []

  cells() {
    return { cells: [], conditions: [] }
  }
}
