import type { Node } from '#api'
import { getOwn } from '#machinery'
import { grownIntegers } from './column.ts'

/** The topology in which each node is a domain of its own, whatever its labels. */
export const nodeItself = ''

/** What the nodes' values of one label divide them into: domains, which have numbers. */
export class Topology {
  readonly key: string
  #domains = new Int32Array()
  /** Numbers that have a node, by value; a number that has lost its last one is used again. */
  readonly #numbers = new Map<string, number>()
  readonly #values: string[] = []
  readonly #nodeCounts: number[] = []
  readonly #free: number[] = []

  constructor(key: string, capacity: number) {
    this.key = key
    this.grow(capacity)
  }

  /** The domain of each row; -1: the node has not the label, or there is none. */
  get domains(): Int32Array {
    return this.#domains
  }

  /** All numbers in use are below it. */
  get domainsMax(): number {
    return this.#values.length
  }

  grow(capacity: number): void {
    const { length } = this.#domains
    this.#domains = grownIntegers(this.#domains, capacity).fill(-1, length)
  }

  /** Returns the domain the row has now. */
  setNode(row: number, node: Node | undefined): number {
    const value = node === undefined ? undefined : this.#valueOf(node)
    const before = this.#domains[row] ?? -1
    if (before !== -1 && this.#values[before] === value) return before
    if (before !== -1) this.#leave(before)
    const after = value === undefined ? -1 : this.#enter(value)
    this.#domains[row] = after
    return after
  }

  #valueOf({ metadata }: Node): string | undefined {
    return this.key === nodeItself ? metadata.name : getOwn(metadata.labels ?? {}, this.key)
  }

  #enter(value: string): number {
    let number = this.#numbers.get(value)
    if (number === undefined) {
      number = this.#free.pop() ?? this.#values.length
      this.#values[number] = value
      this.#nodeCounts[number] = 0
      this.#numbers.set(value, number)
    }
    this.#nodeCounts[number] = (this.#nodeCounts[number] ?? 0) + 1
    return number
  }

  #leave(number: number): void {
    const left = (this.#nodeCounts[number] ?? 0) - 1
    this.#nodeCounts[number] = left
    if (left > 0) return
    this.#numbers.delete(this.#values[number] ?? '')
    this.#free.push(number)
  }
}
