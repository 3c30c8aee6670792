import type { Clock } from '#base'
import { strangerResetBurst, strangerResetsPerSecond } from './limits.ts'

/**
 * Counts the streams that a peer without credentials resets on one connection (the "rapid reset"
 * attack, CVE-2023-44487). Peers known to the server are not counted.
 */
export class ResetAllowance {
  readonly #clock: Clock
  #left = strangerResetBurst
  #filledAt: number
  #known = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#filledAt = clock.elapsed()
  }

  /** The peer has shown credentials that the server accepted. */
  trust(): void {
    this.#known = true
  }

  /** Takes note of one reset; false when there were too many and the connection should go. */
  take(): boolean {
    if (this.#known) return true
    const now = this.#clock.elapsed()
    const gained = ((now - this.#filledAt) / 1000) * strangerResetsPerSecond
    this.#left = Math.min(strangerResetBurst, this.#left + gained) - 1
    this.#filledAt = now
    return this.#left >= 0
  }
}
