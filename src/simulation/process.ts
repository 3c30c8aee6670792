import { sleepOn, type Clock, type Timer } from '#base'

/**
 * A program of a simulated cluster: what runs in it waits on its clock and calls through its end of
 * the network. `crash` is a power cut: none of its timers fires any more and none of its waits on
 * time ends, so it stands still wherever it was, as code that is no longer run does. It need not be
 * disposed of.
 */
export class SimulatedProcess {
  readonly name: string
  readonly clock: Clock
  readonly #clock: ProcessClock

  /** Its wall clock goes wrong by `skewMs`. */
  constructor(name: string, clock: Clock, skewMs = 0) {
    this.name = name
    this.#clock = new ProcessClock(clock, skewMs)
    this.clock = this.#clock
  }

  get alive(): boolean {
    return this.#clock.running
  }

  crash(): void {
    this.#clock.stop()
  }
}

class ProcessClock implements Clock {
  readonly #clock: Clock
  readonly #skewMs: number
  readonly #timers = new Set<Timer>()
  running = true

  constructor(clock: Clock, skewMs: number) {
    this.#clock = clock
    this.#skewMs = skewMs
  }

  now(): number {
    return this.#clock.now() + this.#skewMs
  }

  elapsed(): number {
    return this.#clock.elapsed()
  }

  timer(delayMs: number, run: () => void): Timer {
    if (!this.running) return { cancel() {} }
    const timer = this.#clock.timer(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
    return {
      cancel: () => {
        this.#timers.delete(timer)
        timer.cancel()
      },
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  async yield(): Promise<void> {
    await this.#clock.yield()
    if (!this.running) await new Promise<never>(() => {})
  }

  stop(): void {
    this.running = false
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
