import type { Handle, Scorer } from '../../framework/plugin.ts'
import { scoreMax } from '../../limits.ts'
import type { Tally } from '../../node-table/tally.ts'
import type { PodShape } from '../../pod-info.ts'
import { following } from '../following.ts'
import type { SpreadDefaults } from './args.ts'
import { constraintsFor, tallyOf, tallyPerNode, type Constraint } from './constraints.ts'

const hostName = 'kubernetes.io/hostname'

interface Weighed {
  readonly constraint: Constraint
  /** Whose domains the candidates are in. */
  readonly tally: Tally
  /** Pods of each single node, for the host name. */
  readonly perNode: Tally | undefined
}

/**
 * The fewer pods of its sort are in a node's domains, the better. A constraint weighs the more, the
 * more domains the candidates are in, as upstream.
 */
export function spreadScorer(
  { table: { domains }, objects }: Handle,
  shape: PodShape,
  defaults: SpreadDefaults,
): Scorer | undefined {
  const own = shape.spreadConstraints
  const all = own.length > 0 ? own : defaults.constraints
  if (all.every(({ whenUnsatisfiable }) => whenUnsatisfiable !== 'ScheduleAnyway')) return undefined
  const needsAllKeys = own.length > 0 || !defaults.lenient
  const weighed = following(
    () => domains.dropped + objects.selectorsVersion,
    (): Weighed[] => {
      const constraints = constraintsFor(shape, 'ScheduleAnyway', defaults, objects)
      const keys = needsAllKeys ? constraints.map(({ topologyKey }) => topologyKey) : []
      return constraints.map((constraint) => ({
        constraint,
        tally: tallyOf(domains, shape, constraint, keys),
        perNode:
          constraint.topologyKey === hostName
            ? tallyPerNode(domains, shape, constraint)
            : undefined,
      }))
    },
  )
  return {
    isIdle: () => weighed().length === 0,
    score(rows, count, scores) {
      sum(weighed(), needsAllKeys, rows.subarray(0, count), scores)
      normalize(scores, count)
    },
  }
}

/** -1 for nodes that lack a label they need. */
function sum(
  constraints: readonly Weighed[],
  needsAllKeys: boolean,
  rows: Int32Array,
  scores: Float64Array,
): void {
  const lacks = (row: number) =>
    needsAllKeys && constraints.some(({ tally }) => (tally.topology.domains[row] ?? -1) === -1)
  let considered = 0
  for (const [i, row] of rows.entries()) {
    scores[i] = lacks(row) ? -1 : 0
    if (scores[i] === 0) considered++
  }
  for (const { constraint, tally, perNode } of constraints) {
    const size = perNode === undefined ? domainsOf(tally, rows, scores) : considered
    const weight = Math.log(size + 2)
    for (const [i, row] of rows.entries()) {
      const domain = tally.topology.domains[row] ?? -1
      if (domain === -1 || scores[i] === -1) continue
      const pods = perNode === undefined ? tally.count(domain) : perNode.count(perNode.placeOf(row))
      scores[i] = (scores[i] ?? 0) + pods * weight + constraint.maxSkew - 1
    }
  }
  for (let i = 0; i < rows.length; i++) scores[i] = Math.round(scores[i] ?? 0)
}

/** In how many domains the candidates are; to be in none is one more. */
function domainsOf(tally: Tally, rows: Int32Array, scores: Float64Array): number {
  const seen = new Set<number>()
  for (const [i, row] of rows.entries()) {
    if (scores[i] !== -1) seen.add(tally.topology.domains[row] ?? -1)
  }
  return seen.size
}

/** The lowest sum gets the highest score. */
function normalize(scores: Float64Array, count: number): void {
  let lowest = Infinity
  let highest = 0
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? 0
    if (score === -1) continue
    if (score < lowest) lowest = score
    if (score > highest) highest = score
  }
  for (let i = 0; i < count; i++) {
    const score = scores[i] ?? 0
    if (score === -1) scores[i] = 0
    else if (highest === 0) scores[i] = scoreMax
    else scores[i] = Math.trunc((scoreMax * (highest + lowest - score)) / highest)
  }
}
