import type { KubeObject } from '#machinery'
import { ConnectionError } from './error.ts'
import { watchBufferMax } from './limits.ts'
import type { RawWatchEvent, WatchHandle, WatchReceiver } from './transport.ts'

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Only `metadata.resourceVersion`, and its annotations, say something. */
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }

/**
 * A watch as something to iterate over, once, by one consumer. The iteration ends where the
 * stream ends cleanly and throws where it does not. Leaving the loop, or `close`, ends the watch.
 * A consumer that falls `watchBufferMax` events behind gets what is kept, then an `Overflow`.
 */
export class Watch<T> implements AsyncIterableIterator<WatchEvent<T>>, WatchReceiver {
  readonly #handle: WatchHandle
  #buffer: WatchEvent<T>[] = []
  #next = 0
  #waiting: PromiseWithResolvers<IteratorResult<WatchEvent<T>>> | undefined
  #over: { readonly error: Error | undefined } | undefined

  constructor(start: (receiver: WatchReceiver) => WatchHandle) {
    this.#handle = start(this)
  }

  event(event: RawWatchEvent): void {
    if (this.#over !== undefined) return
    // The objects are of the kind that was asked for.
    const typed = event as WatchEvent<T>
    const waiting = this.#waiting
    if (waiting !== undefined) {
      this.#waiting = undefined
      waiting.resolve({ done: false, value: typed })
      return
    }
    if (this.#buffer.length - this.#next >= watchBufferMax) {
      this.#handle.close()
      this.end(new ConnectionError('Overflow', `a watch is ${watchBufferMax} events behind`))
      return
    }
    this.#buffer.push(typed)
  }

  end(error?: Error): void {
    this.#over ??= { error }
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) return
    if (error === undefined) waiting.resolve({ done: true, value: undefined })
    else waiting.reject(error)
  }

  /** The next event if it is there already. With `next`, for who takes what comes by the lot. */
  take(): WatchEvent<T> | undefined {
    const event = this.#buffer[this.#next]
    if (event === undefined) return undefined
    this.#next++
    this.#compact()
    return event
  }

  next(): Promise<IteratorResult<WatchEvent<T>>> {
    const event = this.take()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    const over = this.#over
    if (over === undefined) {
      if (this.#waiting !== undefined) {
        return Promise.reject(new TypeError('a watch has one consumer, which asks once at a time'))
      }
      this.#waiting = Promise.withResolvers()
      return this.#waiting.promise
    }
    if (over.error === undefined) return Promise.resolve({ done: true, value: undefined })
    // An error is thrown once; after it the iteration is simply over.
    this.#over = { error: undefined }
    return Promise.reject(over.error)
  }

  return(): Promise<IteratorResult<WatchEvent<T>>> {
    this.close()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the watch; what was not taken yet is dropped. */
  close(): void {
    this.#handle.close()
    this.#buffer = []
    this.#next = 0
    this.#over = { error: undefined }
    this.end()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #compact(): void {
    if (this.#next < this.#buffer.length && this.#next < 1024) return
    this.#buffer = this.#buffer.slice(this.#next)
    this.#next = 0
  }
}
