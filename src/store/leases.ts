import type { Clock, Timer } from '#base'
import type { LeaseGrant } from './journal.ts'
import type { LeaseId, StoreEvent } from './store.ts'

/**
 * The leases as head has them, which keys hang on each, and the timers that end them. After a
 * restart each lease runs its whole time again, as etcd's do after a change of leader.
 */
export class Leases {
  readonly #clock: Clock
  readonly #leases = new Map<LeaseId, Lease>()
  readonly #expired: (id: LeaseId) => void

  constructor(clock: Clock, expired: (id: LeaseId) => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Returns what takes it back. Its time starts with `start`. */
  add(grant: LeaseGrant): () => void {
    this.#leases.set(grant.id, {
      ttlMs: grant.ttlSeconds * 1_000,
      keys: new Set(),
      deadline: Infinity,
      timer: undefined,
    })
    return () => void this.remove(grant.id)
  }

  /** Starts the lease's time, or starts it again. */
  start(id: LeaseId): void {
    const lease = this.#leases.get(id)
    if (lease !== undefined) this.#arm(id, lease, lease.ttlMs)
  }

  /** Calls `expired` once more after `delayMs`. */
  postpone(id: LeaseId, delayMs: number): void {
    const lease = this.#leases.get(id)
    if (lease !== undefined) this.#arm(id, lease, delayMs)
  }

  has(id: LeaseId): boolean {
    return this.#leases.has(id)
  }

  get grants(): readonly LeaseGrant[] {
    return [...this.#leases].map(([id, { ttlMs }]) => ({ id, ttlSeconds: ttlMs / 1_000 }))
  }

  keysOf(id: LeaseId): readonly string[] {
    return [...(this.#leases.get(id)?.keys ?? [])]
  }

  /** Follows an event on head; returns what undoes it, where there is anything to undo. */
  follow(event: StoreEvent): (() => void) | undefined {
    const key = event.type === 'put' ? event.record.key : event.key
    const before = event.previous?.lease
    const after = event.type === 'put' ? event.record.lease : undefined
    if (before === after) return undefined
    this.#move(key, before, after)
    return () => this.#move(key, after, before)
  }

  attach(id: LeaseId, key: string): void {
    this.#leases.get(id)?.keys.add(key)
  }

  /** Returns what takes it back, its time running anew. */
  remove(id: LeaseId): () => void {
    const lease = this.#leases.get(id)
    if (lease === undefined) return () => {}
    lease.timer?.cancel()
    lease.timer = undefined
    lease.deadline = Infinity
    this.#leases.delete(id)
    return () => {
      this.#leases.set(id, lease)
      this.#arm(id, lease, lease.ttlMs)
    }
  }

  stop(): void {
    for (const lease of this.#leases.values()) lease.timer?.cancel()
  }

  #move(key: string, from: LeaseId | undefined, to: LeaseId | undefined): void {
    if (from !== undefined) this.#leases.get(from)?.keys.delete(key)
    if (to !== undefined) this.#leases.get(to)?.keys.add(key)
  }

  /** A renewal only moves the deadline; the timer that is set finds out when it fires. */
  #arm(id: LeaseId, lease: Lease, delayMs: number): void {
    const deadline = this.#clock.elapsed() + delayMs
    const isSooner = deadline < lease.deadline
    lease.deadline = deadline
    if (lease.timer !== undefined && !isSooner) return
    lease.timer?.cancel()
    this.#wait(id, lease)
  }

  #wait(id: LeaseId, lease: Lease): void {
    const fire = () => {
      lease.timer = undefined
      if (this.#clock.elapsed() < lease.deadline) this.#wait(id, lease)
      else this.#expired(id)
    }
    // Node's timers hold at most 2^31 - 1 ms; a longer lease waits in several steps.
    const delayMs = Math.min(lease.deadline - this.#clock.elapsed(), 2 ** 31 - 1)
    lease.timer = this.#clock.timer(delayMs, fire, { unref: true })
  }
}

interface Lease {
  readonly ttlMs: number
  readonly keys: Set<string>
  deadline: number
  timer: Timer | undefined
}
