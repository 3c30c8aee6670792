import { realClock, sleepOn, type Clock, type Timer } from '#base'

/** Real time, which the test moves on by leaps: what is due by then runs, soon after. */
export class JumpingClock implements Clock {
  readonly #pending = new Set<Pending>()
  #aheadMs = 0

  now(): number {
    return realClock.now() + this.#aheadMs
  }

  elapsed(): number {
    return realClock.elapsed() + this.#aheadMs
  }

  timer(delayMs: number, run: () => void, options?: { readonly unref?: boolean }): Timer {
    const pending: Pending = {
      at: this.elapsed() + delayMs,
      arm: () => {
        const leftMs = Math.max(0, pending.at - this.elapsed())
        pending.timer = realClock.timer(
          leftMs,
          () => {
            this.#pending.delete(pending)
            run()
          },
          options,
        )
      },
      timer: undefined,
    }
    this.#pending.add(pending)
    pending.arm()
    return {
      cancel: () => {
        this.#pending.delete(pending)
        pending.timer?.cancel()
      },
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  yield(): Promise<void> {
    return realClock.yield()
  }

  jump(byMs: number): void {
    this.#aheadMs += byMs
    for (const pending of this.#pending) {
      pending.timer?.cancel()
      pending.arm()
    }
  }
}

interface Pending {
  /** Elapsed time. */
  readonly at: number
  readonly arm: () => void
  timer: Timer | undefined
}
