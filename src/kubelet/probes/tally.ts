interface Thresholds {
  readonly successThreshold?: number
  readonly failureThreshold?: number
}

/** Counts results in a row until they are enough to change what stands. */
export class Tally {
  readonly #thresholds: Thresholds
  #last: boolean | undefined
  #inARow = 0
  #result: boolean | undefined

  constructor(thresholds: Thresholds, initial: boolean | undefined) {
    this.#thresholds = thresholds
    this.#result = initial
  }

  /** Undefined until enough of one kind came in a row. */
  get result(): boolean | undefined {
    return this.#result
  }

  /** Whether what stands has changed. */
  count(ok: boolean): boolean {
    this.#inARow = this.#last === ok ? this.#inARow + 1 : 1
    this.#last = ok
    const { successThreshold = 1, failureThreshold = 3 } = this.#thresholds
    if (this.#inARow < (ok ? successThreshold : failureThreshold)) return false
    const changed = this.#result !== ok
    this.#result = ok
    return changed
  }
}
