import type { Clock } from '#base'
import type { Family } from '../family.ts'
import { healthTimeoutMs } from '../limits.ts'

/** Whether the proxy keeps up: no change waits for the kernel longer than a minute. */
export class ProxyHealth {
  readonly #clock: Clock
  readonly #queuedAtMs = new Map<Family, number>()
  #updatedAtMs: number
  /** Load balancers should send something here: the node is not about to be deleted. */
  nodeEligible = true

  constructor(clock: Clock) {
    this.#clock = clock
    this.#updatedAtMs = clock.now()
  }

  queued(family: Family): void {
    if (!this.#queuedAtMs.has(family)) this.#queuedAtMs.set(family, this.#clock.elapsed())
  }

  updated(family: Family): void {
    this.#queuedAtMs.delete(family)
    this.#updatedAtMs = this.#clock.now()
  }

  get healthy(): boolean {
    const now = this.#clock.elapsed()
    return [...this.#queuedAtMs.values()].every((since) => now - since < healthTimeoutMs)
  }

  /** Wall time of the last transaction; now while it keeps up. */
  get lastUpdatedMs(): number {
    return this.healthy ? this.#clock.now() : this.#updatedAtMs
  }
}
