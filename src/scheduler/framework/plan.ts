import { assert } from '#base'
import type { NodeTable } from '../node-table/node-table.ts'
import type { PodInfo } from '../pod-info.ts'
import { scoreMax } from '../limits.ts'
import type { Plugin, RowFilter, Scorer } from './plugin.ts'
import { Status } from './status.ts'

/**
 * What a profile's plugins made of one shape of pods: their filters and scores, ready to be run
 * over rows of the table.
 */
export class Plan {
  /** Of the table; the plan is worth nothing when that has changed. */
  readonly layout: number
  /** The pod fits nowhere, whatever the nodes. */
  readonly rejection: Status | undefined
  /** The only nodes that can pass; undefined: all. */
  readonly nodeNames: ReadonlySet<string> | undefined
  /** What nodes outside `nodeNames` are said to lack. */
  readonly absent: Status | undefined
  /** The plugins that have named nodes. */
  readonly namingPlugins: readonly string[]

  readonly #table: NodeTable
  readonly #onNode: readonly RowFilter[]
  readonly #onPods: readonly RowFilter[]
  /** Those of them that have something to say. */
  #active: readonly RowFilter[]
  readonly #scorers: readonly { readonly scorer: Scorer; readonly weight: number }[]
  #scratch = new Float64Array(64)

  /**
   * Answers of the filters on nodes, kept: by row the version of the node, and the number of the
   * answer in `#verdicts`, where 0 is yes.
   */
  #judged = new Float64Array()
  #verdict = new Uint16Array()
  readonly #verdicts: (Status | undefined)[] = [undefined]

  constructor(
    table: NodeTable,
    filters: readonly { readonly plugin: string; readonly filter: RowFilter }[],
    scorers: readonly { readonly scorer: Scorer; readonly weight: number }[],
    rejection: Status | undefined,
  ) {
    this.layout = table.layout
    this.rejection = rejection
    this.#table = table
    this.#scorers = scorers
    const of = (sort: RowFilter['dependsOn']) =>
      filters.map(({ filter }) => filter).filter(({ dependsOn }) => dependsOn === sort)
    this.#onNode = of('node')
    this.#onPods = of('pods')
    this.#active = this.#onPods
    const naming = filters.filter(({ filter }) => filter.nodeNames !== undefined)
    this.namingPlugins = naming.map(({ plugin }) => plugin).sort()
    this.nodeNames = intersection(naming.flatMap(({ filter }) => filter.nodeNames ?? []))
    this.absent =
      naming.length === 0
        ? undefined
        : new Status(
            this.namingPlugins[0] ?? '',
            'UnschedulableAndUnresolvable',
            `node(s) didn't satisfy plugin(s) [${this.namingPlugins.join(' ')}]`,
          )
  }

  /** The table may have changed since `filter` was asked. */
  refresh(): void {
    this.#active = this.#onPods.filter((each) => each.isIdle?.() !== true)
  }

  /** Why the node in this row does not do; undefined when it does. */
  filter(row: number): Status | undefined {
    const status = this.#onNode.length === 0 ? undefined : this.#judgeNode(row)
    if (status !== undefined) return status
    for (const each of this.#active) {
      const rejected = each.filter(row)
      if (rejected !== undefined) return rejected
    }
    return undefined
  }

  /** Weighted sums of all scores of the first `count` rows, into `totals`. */
  score(rows: Int32Array, count: number, totals: Float64Array): void {
    totals.fill(0, 0, count)
    if (this.#scratch.length < count) this.#scratch = new Float64Array(rows.length)
    const scores = this.#scratch
    for (const { scorer, weight } of this.#scorers) {
      if (scorer.isIdle?.() === true) continue
      scorer.score(rows, count, scores)
      for (let i = 0; i < count; i++) {
        const score = scores[i] ?? 0
        assert(score >= 0 && score <= scoreMax, 'a score is between 0 and 100')
        totals[i] = (totals[i] ?? 0) + score * weight
      }
    }
  }

  #judgeNode(row: number): Status | undefined {
    // A pod for a few nodes, such as a DaemonSet's, is one of a kind: nothing to remember.
    if (this.nodeNames !== undefined) return this.#askNode(row)
    const version = this.#table.nodeVersions[row] ?? 0
    if (this.#judged[row] === version) return this.#verdicts[this.#verdict[row] ?? 0]
    const status = this.#askNode(row)
    this.#keep(row, version, status)
    return status
  }

  #askNode(row: number): Status | undefined {
    for (const each of this.#onNode) {
      const rejected = each.filter(row)
      if (rejected !== undefined) return rejected
    }
    return undefined
  }

  #keep(row: number, version: number, status: Status | undefined): void {
    if (this.#judged.length === 0) {
      this.#judged = new Float64Array(this.#table.nodeVersions.length)
      this.#verdict = new Uint16Array(this.#table.nodeVersions.length)
    }
    let number = this.#verdicts.indexOf(status)
    if (number === -1) number = this.#verdicts.push(status) - 1
    assert(number < 0x1_0000, 'filters on nodes hand out few different statuses')
    this.#judged[row] = version
    this.#verdict[row] = number
  }
}

export function makePlan(
  plugins: readonly Plugin[],
  weights: ReadonlyMap<string, number>,
  table: NodeTable,
  pod: PodInfo,
): Plan {
  const filters: { plugin: string; filter: RowFilter }[] = []
  for (const plugin of plugins) {
    const result = plugin.preFilter?.(pod)
    if (result instanceof Status) return new Plan(table, filters, [], result)
    if (result !== undefined) filters.push({ plugin: plugin.name, filter: result })
  }
  const scorers = plugins.flatMap((plugin) => {
    const scorer = plugin.preScore?.(pod)
    return scorer === undefined ? [] : [{ scorer, weight: weights.get(plugin.name) ?? 1 }]
  })
  return new Plan(table, filters, scorers, undefined)
}

function intersection(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> | undefined {
  const [first, ...others] = sets
  return others.reduce<ReadonlySet<string> | undefined>((all, set) => all?.intersection(set), first)
}
