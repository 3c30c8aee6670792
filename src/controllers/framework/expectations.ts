import type { Clock } from '#base'

/** After this long a change that was never seen is no longer waited for (upstream's five minutes). */
const expiryMs = 5 * 60_000

/**
 * Creations and deletions that were asked for and not yet seen by the informer. Until they are, a
 * controller that counts what the informer shows would ask for them again.
 */
export class Expectations {
  readonly #clock: Clock
  readonly #pending = new Map<string, Pending>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Everything asked for under the key has been seen, or has been waited for long enough. */
  satisfied(key: string): boolean {
    const pending = this.#pending.get(key)
    if (pending === undefined) return true
    if (pending.creations <= 0 && pending.deletions.size === 0) return true
    return this.#clock.elapsed() - pending.since > expiryMs
  }

  expectCreations(key: string, count: number): void {
    this.#of(key).creations += count
  }

  /** Deletions are told apart by uid, as a name may be seen deleted more than once. */
  expectDeletions(key: string, uids: Iterable<string>): void {
    const { deletions } = this.#of(key)
    for (const uid of uids) deletions.add(uid)
  }

  /** Seen, or failed so that it will not be seen. */
  creationObserved(key: string): void {
    const pending = this.#pending.get(key)
    if (pending !== undefined && pending.creations > 0) pending.creations--
  }

  deletionObserved(key: string, uid: string): void {
    this.#pending.get(key)?.deletions.delete(uid)
  }

  forget(key: string): void {
    this.#pending.delete(key)
  }

  #of(key: string): Pending {
    const pending = this.#pending.get(key)
    if (pending !== undefined && !this.satisfied(key)) return pending
    const fresh = { creations: 0, deletions: new Set<string>(), since: this.#clock.elapsed() }
    this.#pending.set(key, fresh)
    return fresh
  }
}

interface Pending {
  creations: number
  readonly deletions: Set<string>
  readonly since: number
}
