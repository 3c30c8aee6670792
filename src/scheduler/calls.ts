import { assert } from '#base'
import { callsInFlightMax } from './limits.ts'

/** Calls to the API server that nobody waits for but the loop, when there are too many. */
export class Calls {
  readonly #running = new Set<Promise<void>>()
  readonly #onDone: () => void

  /** `onDone` hears of each call that has ended. */
  constructor(onDone: () => void) {
    this.#onDone = onDone
  }

  get full(): boolean {
    return this.#running.size >= callsInFlightMax
  }

  get count(): number {
    return this.#running.size
  }

  /** `call` handles its own errors: one that gets here is a programmer's, and ends the process. */
  start(call: () => Promise<void>): void {
    assert(this.#running.size < 4 * callsInFlightMax, 'the loop heeds `full`')
    const running = call().finally(() => {
      this.#running.delete(running)
      this.#onDone()
    })
    this.#running.add(running)
  }

  /** All that is under way has ended. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
