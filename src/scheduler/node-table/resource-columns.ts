import type { Node } from '#api'
import { parseQuantity } from '#machinery'
import type { PodInfo } from '../pod-info.ts'
import { amountOf, type Amounts } from '../pod-requests.ts'
import { grownFloats, grownIntegers, type Column } from './column.ts'

/** One resource on all nodes, by row, in its unit (see `Amounts`). */
export interface ResourceColumn {
  readonly allocatable: Float64Array
  /** By the pods there, assumed ones too. */
  readonly requested: Float64Array
  /** The same with the amounts pods are scored by. */
  readonly scoringRequested: Float64Array
}

/**
 * Resources of nodes and what pods take of them. There is a column for each resource that some
 * node has had; what no node has, no pod can get. Arrays and columns are replaced as the table
 * grows: `onLayout` tells who holds them.
 */
export class ResourceColumns implements Column {
  #columns = new Map<string, ResourceColumn>()
  #podsAllowed = new Int32Array()
  #podCounts = new Int32Array()
  readonly #podsOf: (row: number) => Iterable<PodInfo>
  readonly #onLayout: () => void

  constructor(podsOf: (row: number) => Iterable<PodInfo>, onLayout: () => void) {
    this.#podsOf = podsOf
    this.#onLayout = onLayout
  }

  column(name: string): ResourceColumn | undefined {
    return this.#columns.get(name)
  }

  get podsAllowed(): Int32Array {
    return this.#podsAllowed
  }

  get podCounts(): Int32Array {
    return this.#podCounts
  }

  grow(capacity: number): void {
    this.#podsAllowed = grownIntegers(this.#podsAllowed, capacity)
    this.#podCounts = grownIntegers(this.#podCounts, capacity)
    this.#columns = new Map(
      [...this.#columns].map(([name, { allocatable, requested, scoringRequested }]) => [
        name,
        {
          allocatable: grownFloats(allocatable, capacity),
          requested: grownFloats(requested, capacity),
          scoringRequested: grownFloats(scoringRequested, capacity),
        },
      ]),
    )
    this.#onLayout()
  }

  setNode(row: number, node: Node | undefined): void {
    for (const column of this.#columns.values()) column.allocatable[row] = 0
    this.#podsAllowed[row] = 0
    // Where the kubelet does not say what may be used, everything may (upstream's default).
    const amounts = node?.status.allocatable ?? node?.status.capacity ?? {}
    for (const [name, text] of Object.entries(amounts)) {
      const amount = amountOf(name, parseQuantity(text))
      if (name === 'pods') this.#podsAllowed[row] = Math.min(amount, 0x7fff_ffff)
      else this.#columnOf(name).allocatable[row] = amount
    }
  }

  addPod(row: number, pod: PodInfo): void {
    this.#podCounts[row] = (this.#podCounts[row] ?? 0) + 1
    this.#add(row, pod, 1)
  }

  removePod(row: number, pod: PodInfo): void {
    this.#podCounts[row] = (this.#podCounts[row] ?? 0) - 1
    this.#add(row, pod, -1)
  }

  #add(row: number, { shape }: PodInfo, sign: 1 | -1): void {
    for (const [name, { requested, scoringRequested }] of this.#columns) {
      addAmount(requested, row, sign * (shape.requests.get(name) ?? 0))
      addAmount(scoringRequested, row, sign * (shape.scoringRequests.get(name) ?? 0))
    }
  }

  /** A resource is new to the table when the first node has it; pods may ask for it already. */
  #columnOf(name: string): ResourceColumn {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const capacity = this.#podsAllowed.length
    const column = {
      allocatable: new Float64Array(capacity),
      requested: new Float64Array(capacity),
      scoringRequested: new Float64Array(capacity),
    }
    for (let row = 0; row < capacity; row++) {
      for (const { shape } of this.#podsOf(row)) {
        addAmount(column.requested, row, amount(shape.requests, name))
        addAmount(column.scoringRequested, row, amount(shape.scoringRequests, name))
      }
    }
    this.#columns.set(name, column)
    this.#onLayout()
    return column
  }
}

function addAmount(column: Float64Array, row: number, by: number): void {
  column[row] = (column[row] ?? 0) + by
}

function amount(amounts: Amounts, name: string): number {
  return amounts.get(name) ?? 0
}
