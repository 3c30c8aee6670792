import { assert } from './assert.ts'
import { realClock, sleepOn, type Clock, type Timer } from './clock.ts'

/**
 * A clock that moves when told to, for simulations and tests of what waits. What runs under it
 * must wait by promises and by this clock alone; then one turn of the real event loop is enough
 * for everything runnable to have run, and the same steps give the same order every time.
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap()
  readonly #startMs: number
  #elapsedMs = 0
  #wallOffsetMs = 0
  #made = 0

  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + this.#elapsedMs + this.#wallOffsetMs
  }

  elapsed(): number {
    return this.#elapsedMs
  }

  timer(delayMs: number, run: () => void): Timer {
    const at = this.#elapsedMs + Math.max(0, delayMs)
    const pending: Pending = { at, order: this.#made++, run, cancelled: false }
    this.#timers.push(pending)
    return { cancel: () => this.#timers.cancel(pending) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** Lets what is ready by now run: a turn of the microtask queue, as nothing else makes work. */
  async yield(): Promise<void> {}

  /**
   * Lets time pass. Timers run in order of time, then of making, each at its own time; after each
   * one, and before the first and after the last, everything runnable runs.
   */
  async advance(byMs: number): Promise<void> {
    assert(byMs >= 0, 'time does not go back')
    const until = this.#elapsedMs + byMs
    await this.settle()
    for (let due; (due = this.#timers.takeUntil(until)) !== undefined;) {
      this.#elapsedMs = Math.max(this.#elapsedMs, due.at)
      due.run()
      await this.settle()
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, until)
  }

  /** Runs everything that is runnable without time passing. */
  settle(): Promise<void> {
    return realClock.yield()
  }

  /** Elapsed time of the next timer; undefined where nothing waits. */
  get nextTimerAt(): number | undefined {
    return this.#timers.first()?.at
  }

  /** Timers that wait: none should after everything was disposed of. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Sets wall time forward or back, as an administrator or NTP does; elapsed time is untouched. */
  jumpWallTime(byMs: number): void {
    this.#wallOffsetMs += byMs
  }
}

interface Pending {
  readonly at: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/** A binary heap by (at, order). Cancelled timers stay until they come up, or are the most. */
class TimerHeap {
  #items: Pending[] = []
  #cancelled = 0

  get size(): number {
    return this.#items.length - this.#cancelled
  }

  push(item: Pending): void {
    const items = this.#items
    let i = items.length
    items.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = items[parent]
      if (above === undefined || before(above, item)) break
      items[i] = above
      i = parent
    }
    items[i] = item
  }

  cancel(item: Pending): void {
    if (item.cancelled) return
    item.cancelled = true
    this.#cancelled++
    if (this.#cancelled < 64 || this.#cancelled * 2 < this.#items.length) return
    // A sorted array is a heap.
    this.#items = this.#items.filter((each) => !each.cancelled).sort((a, b) => compare(a, b))
    this.#cancelled = 0
  }

  first(): Pending | undefined {
    for (let top; (top = this.#items[0]) !== undefined;) {
      if (!top.cancelled) return top
      this.#removeFirst()
      this.#cancelled--
    }
    return undefined
  }

  /** One that runs is marked, so that cancelling it afterwards does nothing. */
  takeUntil(until: number): Pending | undefined {
    const due = this.first()
    if (due === undefined || due.at > until) return undefined
    this.#removeFirst()
    due.cancelled = true
    return due
  }

  #removeFirst(): void {
    const items = this.#items
    const last = items.pop()
    if (last === undefined || items.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      const left = items[child]
      const right = items[child + 1]
      if (left === undefined) break
      let least = left
      if (right !== undefined && before(right, left)) {
        least = right
        child++
      }
      if (before(last, least)) break
      items[i] = least
      i = child
    }
    items[i] = last
  }
}

function before(a: Pending, b: Pending): boolean {
  return compare(a, b) < 0
}

function compare(a: Pending, b: Pending): number {
  return a.at - b.at || a.order - b.order
}
