import type { Node, Taint } from '#api'
import { grownIntegers, type Column } from './column.ts'

/**
 * Taints of nodes. Many nodes have the same taints, so a row holds the number of a list of taints,
 * and whoever judges lists judges each once. Number 0 is the empty list.
 */
export class TaintColumn implements Column {
  #sets = new Int32Array()
  readonly #lists: (readonly Taint[])[] = [[]]
  readonly #numbers = new Map<string, number>([['[]', 0]])
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
    this.#sets[row] = this.#number(node?.spec.taints ?? [])
  }

  addPod(): void {}

  removePod(): void {}

  #number(taints: readonly Taint[]): number {
    const key = JSON.stringify(taints.map(({ key, value, effect }) => [key, value ?? '', effect]))
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#lists.length
      this.#lists.push(taints)
      this.#numbers.set(key, number)
    }
    return number
  }
}
