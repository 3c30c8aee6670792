import type { Clock } from '#base'
import type { LeaseId, Store } from '#store'

/** How long objects may share a lease: they live up to this much longer than they asked for. */
const shareMs = 60_000

/**
 * Store leases for objects that vanish by themselves. Objects written within a minute share one,
 * so that ten thousand events cost a few leases and not ten thousand.
 */
export class Leases {
  readonly #store: Store
  readonly #clock: Clock
  readonly #shared = new Map<number, { readonly id: Promise<LeaseId>; readonly until: number }>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** A lease that lasts at least `ttlSeconds` from now. */
  async grant(ttlSeconds: number): Promise<LeaseId> {
    const now = this.#clock.elapsed()
    const shared = this.#shared.get(ttlSeconds)
    if (shared !== undefined && now < shared.until) return shared.id
    const id = this.#store.grantLease(ttlSeconds + shareMs / 1000)
    this.#shared.set(ttlSeconds, { id, until: now + shareMs })
    try {
      return await id
    } catch (error) {
      this.#shared.delete(ttlSeconds)
      throw error
    }
  }
}
