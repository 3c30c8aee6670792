/** After the first failure on a node, doubling up to the last. */
const baseMs = 1_000
const maxMs = 15 * 60_000

/** How long a daemon pod that failed is left alone before it is replaced, so that one which always fails costs little. */
export class FailedPods {
  readonly #places = new Map<string, { readonly replacedAt: number; readonly backoffMs: number }>()

  /** 0: it may be replaced now. Time is elapsed time. */
  waitMs(set: string, node: string, nowMs: number): number {
    const last = this.#places.get(`${set}/${node}`)
    return last === undefined ? 0 : Math.max(0, last.replacedAt + last.backoffMs - nowMs)
  }

  replaced(set: string, node: string, nowMs: number): void {
    const place = `${set}/${node}`
    const last = this.#places.get(place)
    // A pod that ran for long failed for another reason.
    const forgotten = last === undefined || nowMs - last.replacedAt > 2 * maxMs
    const backoffMs = forgotten ? baseMs : Math.min(2 * last.backoffMs, maxMs)
    this.#places.set(place, { replacedAt: nowMs, backoffMs })
  }

  forget(set: string): void {
    for (const place of this.#places.keys()) {
      if (place.startsWith(`${set}/`)) this.#places.delete(place)
    }
  }
}
