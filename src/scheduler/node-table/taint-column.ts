import type { Node, Taint } from '#api'
import { grownIntegers, type Column } from './column.ts'

/**
 * Taints of nodes. Many nodes have the same taints, so a row holds the number of a list of taints,
 * and whoever judges lists judges each once. Number 0 is the empty list.
 */
export class TaintColumn implements Column {
  #sets = new Int32Array()
  #lists: (readonly Taint[])[] = [[]]
  #numbers = new Map<string, number>([['[]', 0]])
  readonly #onLayout: () => void

  constructor(onLayout: () => void) {
    this.#onLayout = onLayout
  }

  /** By row. */
  get sets(): Int32Array {
    return this.#sets
  }

  /** By the numbers in `sets`. */
  get lists(): readonly (readonly Taint[])[] {
    return this.#lists
  }

  grow(capacity: number): void {
    this.#sets = grownIntegers(this.#sets, capacity)
    this.#onLayout()
  }

  setNode(row: number, node: Node | undefined): void {
    // The number first: to find it may replace the array.
    const number = this.#number(node?.spec.taints ?? [])
    this.#sets[row] = number
  }

  addPod(): void {}

  removePod(): void {}

  #number(taints: readonly Taint[]): number {
    const key = JSON.stringify(taints.map(({ key, value, effect }) => [key, value ?? '', effect]))
    let number = this.#numbers.get(key)
    if (number === undefined) {
      if (this.#lists.length > 2 * this.#sets.length) this.#dropUnused()
      number = this.#lists.length
      this.#lists.push(taints)
      this.#numbers.set(key, number)
    }
    return number
  }

  /** Some taints carry a time, so lists would grow for ever: the numbers begin anew. */
  #dropUnused(): void {
    const old = this.#lists
    this.#lists = [[]]
    this.#numbers = new Map([['[]', 0]])
    this.#sets = this.#sets.map((set) => this.#number(old[set] ?? []))
    this.#onLayout()
  }
}
