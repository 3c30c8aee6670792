import { realClock, sleepOn, type Clock, type Timer } from '#base'

/** A clock that moves when told to: for tests of what waits minutes. */
export class ManualClock implements Clock {
  #nowMs: number
  #timers: Pending[] = []

  constructor(nowMs = 1_800_000_000_000) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  elapsed(): number {
    return this.#nowMs
  }

  timer(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** A turn of the real event loop: whatever is ready runs first. */
  yield(): Promise<void> {
    return realClock.yield()
  }

  /** Lets time pass; what falls due runs in order of time, each at its own time. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs
    for (;;) {
      let due: Pending | undefined
      for (const timer of this.#timers) {
        if (timer.at <= until && timer.at < (due?.at ?? Infinity)) due = timer
      }
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#nowMs = Math.max(this.#nowMs, due.at)
      due.run()
    }
    this.#nowMs = until
  }
}

interface Pending {
  readonly at: number
  readonly run: () => void
}
