/**
 * The nodes of a zone whose pods are to be evicted, in order, and when the next one may be. One
 * permission is kept for later, never more: after a quiet time the first node goes at once.
 */
export class EvictionQueue {
  readonly #names = new Set<string>()
  #perMs: number
  #permissions = 1
  #atMs: number

  /** `rate` in nodes a second. */
  constructor(rate: number, elapsedMs: number) {
    this.#perMs = rate / 1000
    this.#atMs = elapsedMs
  }

  /** False where it waits already. */
  add(name: string): boolean {
    if (this.#names.has(name)) return false
    this.#names.add(name)
    return true
  }

  remove(name: string): void {
    this.#names.delete(name)
  }

  /** Whoever waited for a permission goes on waiting for one of the new rate. */
  setRate(rate: number, elapsedMs: number): void {
    if (rate / 1000 === this.#perMs) return
    this.#fill(elapsedMs)
    const stopped = this.#perMs === 0
    if (stopped || this.#permissions < 1) this.#permissions = 0
    this.#perMs = rate / 1000
  }

  /**
   * The node whose turn it is, for which a permission is used up, or how long the next one waits;
   * undefined where none waits, or none may go. The node stays in the queue until it is removed.
   */
  next(elapsedMs: number): { readonly name: string } | { readonly waitMs: number } | undefined {
    const [name] = this.#names
    if (name === undefined || this.#perMs === 0) return undefined
    this.#fill(elapsedMs)
    if (this.#permissions < 1) {
      return { waitMs: Math.ceil((1 - this.#permissions) / this.#perMs) }
    }
    this.#permissions--
    return { name }
  }

  #fill(elapsedMs: number): void {
    const gained = (elapsedMs - this.#atMs) * this.#perMs
    this.#permissions = Math.min(1, this.#permissions + gained)
    this.#atMs = elapsedMs
  }
}
