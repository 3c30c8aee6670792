import { assert, type Clock, type Timer } from '#base'
import { controllerRateLimiter, type RateLimiter } from './rate-limiter.ts'

export interface WorkQueueOptions<K> {
  readonly clock: Clock
  /** `controllerRateLimiter` where undefined. */
  readonly limiter?: RateLimiter<K> | undefined
  readonly metrics?: WorkQueueMetrics | undefined
}

/** Hears what upstream's workqueue_* metrics count. Durations in milliseconds. */
export interface WorkQueueMetrics {
  depth(keys: number): void
  added(): void
  /** A key was taken that had waited this long. */
  taken(waitedMs: number): void
  /** A key was done that had been worked on this long. */
  done(workedMs: number): void
  /** A key was put back with a delay. */
  retried(): void
}

/**
 * Keys that are to be worked on, each once, in the order in which they came (client-go's
 * workqueue). Keys are compared as a Map does.
 *
 * - A key that waits already is not added again.
 * - A key is never worked on twice at a time: added while it is worked on, it waits until `done`,
 *   then joins the end of the queue, once.
 * - Delays hold at least; a key with several holds the shortest. A delayed key that is added
 *   meanwhile is worked on at once, and again when its delay is over.
 *
 * ```ts
 * for (let key; (key = await queue.next()) !== undefined; ) {
 *   try { await reconcile(key); queue.forget(key) }
 *   catch { queue.addRateLimited(key) }
 *   finally { queue.done(key) }
 * }
 * ```
 */
export class WorkQueue<K = string> {
  readonly #clock: Clock
  readonly #limiter: RateLimiter<K>
  readonly #metrics: WorkQueueMetrics | undefined
  /** Asked for and not yet taken, with the time since when; also keys that are being worked on. */
  readonly #dirty = new Map<K, number>()
  /** Being worked on, with the time since when. */
  readonly #processing = new Map<K, number>()
  /** In dirty and not in processing, in order. */
  readonly #ready = new Fifo<K>()
  readonly #delayed = new Map<K, { readonly at: number; readonly timer: Timer }>()
  readonly #takers = new Fifo<(key: K | undefined) => void>()
  #shutDown = false
  #drained: PromiseWithResolvers<void> | undefined

  constructor(options: WorkQueueOptions<K>) {
    this.#clock = options.clock
    this.#limiter = options.limiter ?? controllerRateLimiter(options.clock)
    this.#metrics = options.metrics
  }

  /** Does nothing after `shutDown`. */
  add(key: K): void {
    if (this.#shutDown || this.#dirty.has(key)) return
    this.#dirty.set(key, this.#clock.elapsed())
    this.#metrics?.added()
    if (!this.#processing.has(key)) this.#enqueue(key)
  }

  /** Adds the key when `delayMs` are over. */
  addAfter(key: K, delayMs: number): void {
    if (this.#shutDown) return
    this.#metrics?.retried()
    if (delayMs <= 0) {
      this.add(key)
      return
    }
    const at = this.#clock.elapsed() + delayMs
    const pending = this.#delayed.get(key)
    if (pending !== undefined) {
      if (pending.at <= at) return
      pending.timer.cancel()
    }
    const timer = this.#clock.timer(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { at, timer })
  }

  /** Adds the key again after a failure: later each time, until it is forgotten. */
  addRateLimited(key: K): void {
    if (!this.#shutDown) this.addAfter(key, this.#limiter.when(key))
  }

  /** The key succeeded, or is given up: its next failure is its first. Does not take it out. */
  forget(key: K): void {
    this.#limiter.forget(key)
  }

  /** How often the key was added with a rate limit since it was last forgotten. */
  retries(key: K): number {
    return this.#limiter.retries(key)
  }

  /**
   * The key to work on next, as soon as there is one; `done` must follow. Undefined when the queue
   * is shut down and nothing can come any more. Several may ask at a time; they are served in order.
   */
  next(): Promise<K | undefined> {
    const key = this.#ready.shift()
    if (key !== undefined) return Promise.resolve(this.#take(key.value))
    if (this.#shutDown && this.#processing.size === 0) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  /** The work on a key that `next` gave is over, however it ended. */
  done(key: K): void {
    const since = this.#processing.get(key)
    assert(since !== undefined, 'a key that is done was worked on')
    this.#processing.delete(key)
    this.#metrics?.done(this.#clock.elapsed() - since)
    if (this.#dirty.has(key)) this.#enqueue(key)
    this.#settle()
  }

  /** Keys that wait, without delayed ones and ones that are being worked on. */
  get length(): number {
    return this.#ready.length
  }

  get shuttingDown(): boolean {
    return this.#shutDown
  }

  /** How long the key that is worked on the longest has been; 0 where none is. */
  get longestRunningMs(): number {
    const [oldest] = this.#processing.values()
    return oldest === undefined ? 0 : this.#clock.elapsed() - oldest
  }

  /** The sum over all keys that are being worked on. */
  get unfinishedMs(): number {
    let total = 0
    const now = this.#clock.elapsed()
    for (const since of this.#processing.values()) total += now - since
    return total
  }

  /**
   * Takes no more keys and drops the delayed ones. What waits is still given out. Resolves when
   * that and all that is being worked on is done, so do not await it from a worker. Idempotent.
   */
  shutDown(): Promise<void> {
    this.#shutDown = true
    for (const { timer } of this.#delayed.values()) timer.cancel()
    this.#delayed.clear()
    this.#drained ??= Promise.withResolvers()
    this.#settle()
    return this.#drained.promise
  }

  #enqueue(key: K): void {
    assert(!this.#processing.has(key), 'a key is not worked on twice at a time')
    const taker = this.#takers.shift()
    if (taker !== undefined) {
      taker.value(this.#take(key))
      return
    }
    this.#ready.push(key)
    this.#metrics?.depth(this.#ready.length)
  }

  #take(key: K): K {
    const since = this.#dirty.get(key)
    assert(since !== undefined, 'a key that is taken was asked for')
    this.#dirty.delete(key)
    this.#processing.set(key, this.#clock.elapsed())
    this.#metrics?.taken(this.#clock.elapsed() - since)
    this.#metrics?.depth(this.#ready.length)
    return key
  }

  /** After a shutdown, lets those go that wait for keys which will not come. */
  #settle(): void {
    if (!this.#shutDown || this.#ready.length > 0) return
    // What is worked on may have been asked for again; who waits now gets it.
    if (this.#processing.size > 0) return
    for (let taker; (taker = this.#takers.shift()) !== undefined;) taker.value(undefined)
    this.#drained?.resolve()
  }
}

/** First in, first out, in constant time. */
class Fifo<T> {
  #items: { readonly value: T }[] = []
  #next = 0

  get length(): number {
    return this.#items.length - this.#next
  }

  push(value: T): void {
    this.#items.push({ value })
  }

  shift(): { readonly value: T } | undefined {
    const item = this.#items[this.#next]
    if (item === undefined) return undefined
    this.#next++
    if (this.#next > 1024 && this.#next * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
    return item
  }
}
