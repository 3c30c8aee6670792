import type { Node } from '#api'
import { assert } from '#base'
import type { PodInfo, PodShape } from '../pod-info.ts'
import { grownIntegers } from './column.ts'
import type { Topology } from './topology.ts'

/** Which pods a tally counts, and on which nodes. */
export interface Selection {
  /** The same for selections that select the same. */
  readonly key: string
  /** Where alone such pods are; undefined: in any namespace. */
  readonly namespaces: ReadonlySet<string> | undefined
  readonly countsTerminating: boolean
  matches(shape: PodShape): boolean
  /** Nodes besides these, and the pods on them, do not exist for the tally. Absent: all do. */
  readonly eligible?: (node: Node) => boolean
}

/**
 * How many pods of a sort there are in each domain of a topology, assumed ones too. Kept up to date
 * by its column; read by plugins.
 */
export class Tally {
  readonly topology: Topology
  readonly selection: Selection
  /** Changes with every change of what it says. */
  version = 0
  #counts = new Int32Array(8)
  #total = 0
  /** By row, the domain where it counts; -1: nowhere. Undefined: that of the topology. */
  #places: Int32Array | undefined
  /** Eligible nodes, by domain. */
  #nodes = new Int32Array(8)
  #minimum = 0
  #domainCount = 0
  #minimumVersion = -1

  constructor(topology: Topology, selection: Selection) {
    this.topology = topology
    this.selection = selection
    if (selection.eligible !== undefined) {
      this.#places = new Int32Array(topology.domains.length).fill(-1)
    }
  }

  /** Pods in a domain; of -1 there are none. */
  count(domain: number): number {
    return this.#counts[domain] ?? 0
  }

  /** In all domains. */
  get total(): number {
    return this.#total
  }

  /** The fewest pods in any domain that has an eligible node; 0 where none has. */
  get minimum(): number {
    this.#findMinimum()
    return this.#minimum
  }

  /** Domains that have an eligible node. */
  get domainCount(): number {
    this.#findMinimum()
    return this.#domainCount
  }

  takes({ shape, pod }: PodInfo): boolean {
    const { selection } = this
    if (!selection.countsTerminating && pod.metadata.deletionTimestamp !== undefined) return false
    return selection.matches(shape)
  }

  placeOf(row: number): number {
    return (this.#places ?? this.topology.domains)[row] ?? -1
  }

  grow(capacity: number): void {
    if (this.#places === undefined) return
    const { length } = this.#places
    this.#places = grownIntegers(this.#places, capacity).fill(-1, length)
  }

  add(domain: number, by: number): void {
    if (domain < 0) return
    if (domain >= this.#counts.length) this.#counts = roomier(this.#counts, domain)
    const count = (this.#counts[domain] ?? 0) + by
    assert(count >= 0, 'a pod that leaves a domain was counted there')
    this.#counts[domain] = count
    this.#total += by
    this.version++
  }

  /** The row has another node, or none; true where its pods count elsewhere now. */
  setNode(row: number, node: Node | undefined): boolean {
    const places = this.#places
    const { eligible } = this.selection
    if (places === undefined || eligible === undefined) return false
    const before = places[row] ?? -1
    const domain = this.topology.domains[row] ?? -1
    const after = node !== undefined && domain !== -1 && eligible(node) ? domain : -1
    if (before === after) return false
    places[row] = after
    if (Math.max(before, after) >= this.#nodes.length) {
      this.#nodes = roomier(this.#nodes, Math.max(before, after))
    }
    if (before !== -1) this.#nodes[before] = (this.#nodes[before] ?? 0) - 1
    if (after !== -1) this.#nodes[after] = (this.#nodes[after] ?? 0) + 1
    this.version++
    return true
  }

  #findMinimum(): void {
    if (this.#minimumVersion === this.version) return
    let minimum = Infinity
    let domains = 0
    const [counts, nodes] = [this.#counts, this.#nodes]
    for (let domain = 0; domain < nodes.length; domain++) {
      if ((nodes[domain] ?? 0) === 0) continue
      domains++
      const count = counts[domain] ?? 0
      if (count < minimum) minimum = count
    }
    this.#minimum = domains === 0 ? 0 : minimum
    this.#domainCount = domains
    this.#minimumVersion = this.version
  }
}

function roomier(array: Int32Array, index: number): Int32Array<ArrayBuffer> {
  return grownIntegers(array, Math.max(index + 1, 2 * array.length))
}
