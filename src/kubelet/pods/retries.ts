import type { Clock } from '#base'

/** What failed is tried again after so long, then after twice as long, and so on. */
const retryMs = { first: 1_000, max: 10_000 }

/** Which of a pod's steps have failed, and when to try them again. */
export class Retries {
  readonly #clock: Clock
  readonly #failed = new Map<string, { readonly delayMs: number; readonly atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  failed(key: string): void {
    const before = this.#failed.get(key)?.delayMs
    const delayMs = before === undefined ? retryMs.first : Math.min(before * 2, retryMs.max)
    this.#failed.set(key, { delayMs, atMs: this.#clock.elapsed() + delayMs })
  }

  succeeded(key: string): void {
    this.#failed.delete(key)
  }

  /** What was missing may be there now: nothing waits for its time. */
  hurry(): void {
    const atMs = this.#clock.elapsed()
    for (const [key, { delayMs }] of this.#failed) this.#failed.set(key, { delayMs, atMs })
  }

  isDue(key: string): boolean {
    const failed = this.#failed.get(key)
    return failed === undefined || failed.atMs <= this.#clock.elapsed()
  }

  /** In how long the first of them is due; Infinity where nothing has failed. */
  get nextMs(): number {
    const times = [...this.#failed.values()].map(({ atMs }) => atMs)
    return Math.max(0, Math.min(...times, Infinity) - this.#clock.elapsed())
  }
}
