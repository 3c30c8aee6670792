import type { Node } from '#api'
import { assert, must } from '#base'
import type { PodInfo } from '../pod-info.ts'
import { grownFloats, type Column } from './column.ts'
import { DomainColumn } from './domain-column.ts'
import { ImageColumn } from './image-column.ts'
import { zoneOf, zoneOrder } from './node-order.ts'
import { PortColumn } from './port-column.ts'
import { ResourceColumns } from './resource-columns.ts'
import { TaintColumn } from './taint-column.ts'

/**
 * All nodes and what stands on them, as columns by row number: what filters and scores read in
 * tight loops. Kept up to date by single changes, never rebuilt.
 *
 * A pod gets onto a node in one of two ways. The API says so (`setPod`), or the scheduler has
 * decided so and the API does not know yet (`assume`): such a pod counts at once, so that the
 * next decision sees it, and is forgotten (`forget`) when binding fails, or confirmed by the
 * `setPod` that binding brings about.
 *
 * A row belongs to one node name from the first pod or node of that name until both are gone;
 * pods may be known before their node, and outlive it.
 */
export class NodeTable {
  readonly resources: ResourceColumns
  readonly taints: TaintColumn
  readonly ports = new PortColumn()
  readonly images = new ImageColumn()
  readonly domains: DomainColumn

  readonly #columns: readonly Column[]
  readonly #rows = new Map<string, number>()
  readonly #free: number[] = []
  readonly #nodes: (Node | undefined)[] = []
  readonly #names: string[] = []
  readonly #podsByRow: Map<string, PodInfo>[] = []
  readonly #places = new Map<string, Place>()
  /** Rows with a node, in the order in which nodes came. */
  readonly #present = new Map<number, Node>()
  #order: Int32Array | undefined
  #nodeVersions = new Float64Array()
  #capacity = 0
  #layout = 0
  #version = 0

  constructor() {
    const onLayout = () => void this.#layout++
    this.resources = new ResourceColumns((row) => this.pods(row), onLayout)
    this.taints = new TaintColumn(onLayout)
    this.domains = new DomainColumn(
      () => this.#present,
      (row) => this.pods(row),
    )
    this.#columns = [this.resources, this.taints, this.ports, this.images, this.domains]
  }

  get nodeCount(): number {
    return this.#present.size
  }

  get podCount(): number {
    return this.#places.size
  }

  get assumedCount(): number {
    let count = 0
    for (const { state } of this.#places.values()) if (state !== 'confirmed') count++
    return count
  }

  /** Changes when arrays of columns were replaced, or columns added: hold them no longer than it. */
  get layout(): number {
    return this.#layout
  }

  /**
   * By row; a row whose number has not changed has the same node in the same version as before.
   * Numbers are never used twice, also not by another node in the same row.
   */
  get nodeVersions(): Float64Array {
    return this.#nodeVersions
  }

  /** Rows that have a node, zones by turns. Not to be changed. */
  get order(): Int32Array {
    this.#order ??= zoneOrder(this.#present)
    return this.#order
  }

  /** Of a node that is there. */
  rowOf(name: string): number | undefined {
    const row = this.#rows.get(name)
    return row !== undefined && this.#nodes[row] !== undefined ? row : undefined
  }

  /** The row must have a node. */
  node(row: number): Node {
    return must(this.#nodes[row], 'the row has a node')
  }

  nameOf(row: number): string {
    return must(this.#names[row], 'the row is in use')
  }

  pods(row: number): Iterable<PodInfo> {
    return this.#podsByRow[row]?.values() ?? []
  }

  has(uid: string): boolean {
    return this.#places.has(uid)
  }

  isAssumed(uid: string): boolean {
    const state = this.#places.get(uid)?.state
    return state === 'assumed' || state === 'bound'
  }

  /** A node is there, or has changed. */
  setNode(node: Node): void {
    const row = this.#rowFor(nameOf(node))
    const before = this.#nodes[row]
    if (before === undefined || zoneOf(before) !== zoneOf(node)) this.#order = undefined
    this.#nodes[row] = node
    this.#present.set(row, node)
    this.#nodeChanged(row, node)
  }

  removeNode(name: string): void {
    const row = this.#rows.get(name)
    if (row === undefined || this.#nodes[row] === undefined) return
    this.#nodes[row] = undefined
    this.#present.delete(row)
    this.#order = undefined
    this.#nodeChanged(row, undefined)
    this.#releaseIfUnused(row)
  }

  /**
   * The API says that the pod is on this node, in this version. Confirms an assumed pod; if it
   * was assumed elsewhere, the API is right.
   */
  setPod(pod: PodInfo, nodeName: string): void {
    this.#remove(pod.uid)
    this.#add(pod, nodeName, { state: 'confirmed' })
  }

  /** The pod is gone, assumed or not; nothing happens when it was not here. */
  removePod(uid: string): void {
    this.#remove(uid)
  }

  /** The scheduler puts a pod on a node that is there. The pod must not be in the table. */
  assume(pod: PodInfo, nodeName: string): void {
    assert(!this.#places.has(pod.uid), 'a pod that is assumed has no place yet')
    assert(this.rowOf(nodeName) !== undefined, 'a pod is assumed on a node that is there')
    this.#add(pod, nodeName, { state: 'assumed' })
  }

  /** Binding an assumed pod has succeeded at `nowMs`; its confirmation is on the way. */
  finishBinding(uid: string, nowMs: number): void {
    const place = this.#places.get(uid)
    if (place?.state === 'assumed')
      this.#places.set(uid, { ...place, state: 'bound', sinceMs: nowMs })
  }

  /** Binding an assumed pod has failed. A confirmed pod stays: the API is right. */
  forget(uid: string): void {
    if (this.isAssumed(uid)) this.#remove(uid)
  }

  /** Pods bound before `beforeMs` that the API has not confirmed since. */
  unconfirmed(beforeMs: number): PodInfo[] {
    const found: PodInfo[] = []
    for (const place of this.#places.values()) {
      if (place.state === 'bound' && place.sinceMs < beforeMs) found.push(place.pod)
    }
    return found
  }

  /**
   * Does `work` as if the pods were on the row, then takes them off again: for pods that are
   * nominated to a node and will take their room there.
   */
  withPods<T>(row: number, pods: readonly PodInfo[], work: () => T): T {
    for (const pod of pods) this.#each((column) => column.addPod(row, pod))
    try {
      return work()
    } finally {
      for (const pod of pods) this.#each((column) => column.removePod(row, pod))
    }
  }

  /**
   * Does `work`, which takes pods off the row and puts them on again to see what follows from it;
   * afterwards all of them are on it as before.
   */
  onTrial<T>(row: number, work: (trial: Trial) => T): T {
    const off = new Set<PodInfo>()
    const trial: Trial = {
      remove: (pod) => {
        off.add(pod)
        this.#each((column) => column.removePod(row, pod))
      },
      add: (pod) => {
        off.delete(pod)
        this.#each((column) => column.addPod(row, pod))
      },
    }
    try {
      return work(trial)
    } finally {
      for (const pod of off) trial.add(pod)
    }
  }

  checkInvariants(): void {
    for (const [name, row] of this.#rows) {
      assert(this.#names[row] === name, 'a row has the name it is found by')
      const used = this.#nodes[row] !== undefined || this.#podsByRow[row]?.size !== 0
      assert(used, 'a row in use has a node or pods')
      assert(
        this.resources.podCounts[row] === this.#podsByRow[row]?.size,
        'pods of a row are counted once each',
      )
    }
    for (const row of this.#free) {
      assert(this.#nodes[row] === undefined, 'a free row has no node')
      assert(this.resources.podCounts[row] === 0, 'a free row has no pods')
    }
    for (const [uid, { row }] of this.#places) {
      assert(this.#podsByRow[row]?.has(uid), 'a pod is in the row of its place')
    }
    assert(this.order.length === this.#present.size, 'each node is tried once')
  }

  #add(pod: PodInfo, nodeName: string, state: PlaceState): void {
    const row = this.#rowFor(nodeName)
    this.#places.set(pod.uid, { pod, row, ...state })
    this.#podsByRow[row]?.set(pod.uid, pod)
    this.#each((column) => column.addPod(row, pod))
  }

  #remove(uid: string): void {
    const place = this.#places.get(uid)
    if (place === undefined) return
    this.#places.delete(uid)
    this.#podsByRow[place.row]?.delete(uid)
    this.#each((column) => column.removePod(place.row, place.pod))
    this.#releaseIfUnused(place.row)
  }

  #nodeChanged(row: number, node: Node | undefined): void {
    this.#each((column) => column.setNode(row, node))
    this.#nodeVersions[row] = ++this.#version
  }

  #rowFor(name: string): number {
    const known = this.#rows.get(name)
    if (known !== undefined) return known
    const row = this.#free.pop() ?? this.#names.length
    if (row >= this.#capacity) this.#grow()
    this.#rows.set(name, row)
    this.#names[row] = name
    this.#nodes[row] = undefined
    this.#podsByRow[row] = new Map()
    return row
  }

  #releaseIfUnused(row: number): void {
    if (this.#nodes[row] !== undefined || this.#podsByRow[row]?.size !== 0) return
    this.#rows.delete(this.nameOf(row))
    this.#free.push(row)
  }

  #grow(): void {
    this.#capacity = Math.max(64, this.#capacity * 2)
    this.#nodeVersions = grownFloats(this.#nodeVersions, this.#capacity)
    this.#each((column) => column.grow(this.#capacity))
    this.#layout++
  }

  #each(tell: (column: Column) => void): void {
    for (const column of this.#columns) tell(column)
  }
}

/** Pods of one row that are taken off it for a while. */
export interface Trial {
  remove(pod: PodInfo): void
  /** One that was removed. */
  add(pod: PodInfo): void
}

type PlaceState =
  | { readonly state: 'assumed' }
  | { readonly state: 'bound'; readonly sinceMs: number }
  | { readonly state: 'confirmed' }

type Place = PlaceState & { readonly pod: PodInfo; readonly row: number }

function nameOf(node: Node): string {
  return must(node.metadata.name, 'a node has a name')
}
