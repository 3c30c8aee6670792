/**
 * The only source of time. Everything that waits, times out, stamps or yields takes a Clock in
 * its constructor, so that a simulation can own time. Wall time (`now`) may jump; elapsed time
 * never goes back and is the one to measure durations with.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. */
  now(): number
  /** Monotonic milliseconds since an arbitrary start. */
  elapsed(): number
  /** Runs `run` once after at least `delayMs`. A timer does not keep the process alive if `unref`. */
  timer(delayMs: number, run: () => void, options?: { readonly unref?: boolean }): Timer
  /** Resolves after `delayMs`; rejects with the signal's reason when that fires first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Lets I/O and other ready work run; what is proportional to the number of objects calls it. */
  yield(): Promise<void>
}

export interface Timer {
  /** Idempotent. After it returns, the callback will not run. */
  cancel(): void
}

class RealClock implements Clock {
  now(): number {
    return Date.now()
  }

  elapsed(): number {
    return performance.now()
  }

  timer(delayMs: number, run: () => void, options?: { readonly unref?: boolean }): Timer {
    const handle = setTimeout(run, delayMs)
    if (options?.unref === true) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  yield(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }
}

export const realClock: Clock = new RealClock()

/** `sleep` in terms of `timer`, for every clock. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(asError(signal.reason))
      return
    }
    const onAbort = () => {
      timer.cancel()
      reject(asError(signal?.reason))
    }
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A thrown or aborting value as an Error, whatever it was. */
export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value))
}

/**
 * Bounds work that would otherwise hold the thread: `await slice.breathe()` inside a loop yields
 * once every `budgetMs` of elapsed time.
 */
export class Slice {
  readonly #clock: Clock
  readonly #budgetMs: number
  #started: number

  constructor(clock: Clock, budgetMs = 5) {
    this.#clock = clock
    this.#budgetMs = budgetMs
    this.#started = clock.elapsed()
  }

  /** True when the budget is used up; call `breathe` then. Cheap enough for every iteration. */
  get spent(): boolean {
    return this.#clock.elapsed() - this.#started >= this.#budgetMs
  }

  async breathe(): Promise<void> {
    if (!this.spent) return
    await this.#clock.yield()
    this.#started = this.#clock.elapsed()
  }
}

/** RFC 3339 with seconds, as `metav1.Time` is written. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000)
  if (second !== lastFormatted.second) {
    lastFormatted = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` }
  }
  return lastFormatted.text
}

/** Most times written are the present second. */
let lastFormatted = { second: Number.NaN, text: '' }

/** RFC 3339 with microseconds, as `metav1.MicroTime` is written. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`
}

/** Milliseconds since the epoch of an RFC 3339 text (fractions beyond milliseconds cut off), or undefined. */
export function parseTime(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined
  const at = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(at) ? undefined : at
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
