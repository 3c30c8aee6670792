import type { Random } from '#base'
import type { Diagnosis } from './framework/diagnosis.ts'
import type { Framework } from './framework/framework.ts'
import type { Plan } from './framework/plan.ts'
import { Status } from './framework/status.ts'
import { feasibleNodesMin, feasiblePercentMin } from './limits.ts'
import type { NodeTable } from './node-table/node-table.ts'
import type { PodInfo } from './pod-info.ts'

export type Decision =
  | {
      readonly type: 'fits'
      readonly nodeName: string
      readonly evaluatedNodes: number
      readonly feasibleNodes: number
    }
  | { readonly type: 'no nodes' }
  | { readonly type: 'unschedulable'; readonly diagnosis: Diagnosis }
  /** A plugin failed, so that nothing can be said about the pod. */
  | { readonly type: 'failed'; readonly status: Status }

/** Pods that are to go to a node soon and whose room there is kept for them. */
export type NominatedOn = (nodeName: string) => readonly PodInfo[]

/**
 * Decides which node a pod gets: filters nodes until enough are found, scores those, takes the
 * best; among equals the random source decides. Pure but for where it goes on next time: each
 * search starts at the node after the last one looked at, so that in a large cluster, where not
 * all nodes are looked at, all have their turn.
 */
export class Scheduling {
  readonly #table: NodeTable
  readonly #random: Random
  #next = 0
  /** The feasible rows of the decision at work, and their scores. */
  #rows = new Int32Array(feasibleNodesMin)
  #totals = new Float64Array(feasibleNodesMin)

  constructor(table: NodeTable, random: Random) {
    this.#table = table
    this.#random = random
  }

  decide(framework: Framework, pod: PodInfo, nominatedOn: NominatedOn): Decision {
    if (this.#table.nodeCount === 0) return { type: 'no nodes' }
    const plan = framework.plan(pod)
    if (plan.rejection !== undefined) return this.#rejectedWhole(plan.rejection)
    plan.refresh()
    const search = new Search(this.#table, plan, pod, nominatedOn)

    const nominated = this.#table.rowOf(pod.pod.status.nominatedNodeName ?? '')
    if (nominated !== undefined && search.passes(nominated)) return this.#only(nominated, search)
    search.restart()

    const order = plan.nodeNames === undefined ? this.#table.order : this.#rowsOf(plan.nodeNames)
    const wanted = nodesToFind(framework.profile.percentageOfNodesToScore, order.length)
    if (this.#rows.length < wanted) this.#makeRoom(wanted)
    const found = this.#search(search, order, wanted)
    const { failure } = search
    if (failure !== undefined) return { type: 'failed', status: failure }
    if (found === 0) {
      return { type: 'unschedulable', diagnosis: search.diagnosis(this.#table.nodeCount) }
    }
    const best = found === 1 ? 0 : this.#best(plan, found)
    return {
      type: 'fits',
      nodeName: this.#table.nameOf(this.#rows[best] ?? 0),
      evaluatedNodes: found + search.rejectedCount,
      feasibleNodes: found,
    }
  }

  /** Why the node in a row does not do for the pod, as the table stands. */
  filter(
    framework: Framework,
    pod: PodInfo,
    row: number,
    nominatedOn: NominatedOn,
  ): Status | undefined {
    const plan = framework.plan(pod)
    plan.refresh()
    return plan.rejection ?? new Search(this.#table, plan, pod, nominatedOn).filter(row)
  }

  #search(search: Search, order: Int32Array, wanted: number): number {
    const { length } = order
    let found = 0
    let looked = 0
    const start = length === 0 ? 0 : this.#next % length
    for (; looked < length && found < wanted; looked++) {
      const at = start + looked
      const row = order[at < length ? at : at - length] ?? 0
      if (search.passes(row)) this.#rows[found++] = row
    }
    this.#next = (this.#next + looked) % this.#table.nodeCount
    return found
  }

  /** The index of one of the rows with the highest score. */
  #best(plan: Plan, count: number): number {
    plan.score(this.#rows, count, this.#totals)
    let highest = -1
    let ties = 0
    for (let i = 0; i < count; i++) {
      const total = this.#totals[i] ?? 0
      if (total > highest) {
        highest = total
        ties = 1
      } else if (total === highest) ties++
    }
    let chosen = ties === 1 ? 0 : this.#random.integer(ties)
    for (let i = 0; i < count; i++) {
      if (this.#totals[i] === highest && chosen-- === 0) return i
    }
    return 0
  }

  #only(row: number, search: Search): Decision {
    return {
      type: 'fits',
      nodeName: this.#table.nameOf(row),
      evaluatedNodes: 1 + search.rejectedCount,
      feasibleNodes: 1,
    }
  }

  #rowsOf(names: ReadonlySet<string>): Int32Array {
    const rows = [...names].map((name) => this.#table.rowOf(name))
    return Int32Array.from(rows.filter((row) => row !== undefined))
  }

  #rejectedWhole(status: Status): Decision {
    if (!status.rejected) return { type: 'failed', status }
    const diagnosis = {
      nodeCount: this.#table.nodeCount,
      rows: [],
      statuses: [],
      absent: status,
      preFilter: status,
      plugins: new Set([status.plugin]),
    }
    return { type: 'unschedulable', diagnosis }
  }

  #makeRoom(count: number): void {
    this.#rows = new Int32Array(count)
    this.#totals = new Float64Array(count)
  }
}

/** How many feasible nodes are enough: fewer percent of more nodes, as upstream. */
export function nodesToFind(percentage: number, nodeCount: number): number {
  if (nodeCount < feasibleNodesMin) return nodeCount
  const percent =
    percentage > 0 ? percentage : Math.max(feasiblePercentMin, 50 - Math.trunc(nodeCount / 125))
  return Math.min(nodeCount, Math.max(feasibleNodesMin, Math.trunc((nodeCount * percent) / 100)))
}

/** One pod's way through the nodes: who said no, and why. */
class Search {
  readonly #table: NodeTable
  readonly #plan: Plan
  readonly #pod: PodInfo
  readonly #nominatedOn: NominatedOn
  #rejectedRows: number[] = []
  #statuses: Status[] = []
  /** The first plugin that failed rather than answer. */
  failure: Status | undefined

  constructor(table: NodeTable, plan: Plan, pod: PodInfo, nominatedOn: NominatedOn) {
    this.#table = table
    this.#plan = plan
    this.#pod = pod
    this.#nominatedOn = nominatedOn
  }

  get rejectedCount(): number {
    return this.#rejectedRows.length
  }

  restart(): void {
    this.#rejectedRows = []
    this.#statuses = []
  }

  passes(row: number): boolean {
    const status = this.filter(row)
    if (status === undefined) return true
    if (!status.rejected) this.failure ??= named(status)
    this.#rejectedRows.push(row)
    this.#statuses.push(status)
    return false
  }

  diagnosis(nodeCount: number): Diagnosis {
    const plugins = new Set(this.#plan.namingPlugins)
    for (const { plugin } of this.#statuses) plugins.add(plugin)
    return {
      nodeCount,
      rows: this.#rejectedRows,
      statuses: this.#statuses,
      absent: this.#plan.absent,
      preFilter: undefined,
      plugins,
    }
  }

  /**
   * A node must do with the pods of at least the same priority that are nominated to it, and also
   * without them: they may never come, or take away what this pod needs.
   */
  filter(row: number): Status | undefined {
    const all = this.#nominatedOn(this.#table.nameOf(row))
    const nominated = all.length === 0 ? all : all.filter((other) => this.#givesWayTo(other))
    if (nominated.length > 0) {
      const status = this.#table.withPods(row, nominated, () => {
        this.#plan.refresh()
        return this.#plan.filter(row)
      })
      this.#plan.refresh()
      if (status !== undefined) return status
    }
    return this.#plan.filter(row)
  }

  #givesWayTo({ uid, shape }: PodInfo): boolean {
    return uid !== this.#pod.uid && shape.priority >= this.#pod.shape.priority
  }
}

function named({ plugin, code, message }: Status): Status {
  return new Status(plugin, code, `running "${plugin}" filter plugin: ${message}`)
}
