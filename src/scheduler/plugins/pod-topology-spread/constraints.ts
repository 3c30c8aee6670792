import type { Node, TopologySpreadConstraint } from '#api'
import { getOwn, LabelSelector } from '#machinery'
import { readSelector, selectorKey } from '../../affinity-terms.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import type { DomainColumn } from '../../node-table/domain-column.ts'
import type { Selection, Tally } from '../../node-table/tally.ts'
import { nodeItself } from '../../node-table/topology.ts'
import type { PodShape } from '../../pod-info.ts'
import { matchesRequired } from '../node-affinity/node-affinity.ts'
import { isRepelled } from '../taint-toleration/taint-toleration.ts'
import { tolerates } from '../tolerations.ts'
import type { SpreadDefaults } from './args.ts'

/** A topology spread constraint of a pod, with its defaults. */
export interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: LabelSelector
  /** Nodes that the pod's node selector and affinity exclude are no domains for it. */
  readonly honorsAffinity: boolean
  /** Nodes whose taints the pod does not tolerate are no domains for it. */
  readonly honorsTaints: boolean
}

export type WhenUnsatisfiable = TopologySpreadConstraint['whenUnsatisfiable']

/**
 * What a pod of this shape asks for: its own constraints, or where it has none at all, the defaults
 * for the pods that do the same work; nothing where nobody selects those.
 */
export function constraintsFor(
  shape: PodShape,
  when: WhenUnsatisfiable,
  defaults: SpreadDefaults,
  objects: ClusterObjects,
): readonly Constraint[] {
  if (shape.spreadConstraints.length > 0) return ownConstraints(shape, when)
  const selector = objects.selectorFor(shape)
  if (selector.empty) return []
  return those(defaults.constraints, when).map((each) => read(each, selector))
}

export function ownConstraints(shape: PodShape, when: WhenUnsatisfiable): readonly Constraint[] {
  return those(shape.spreadConstraints, when).map((each) => read(each, withLabelKeys(each, shape)))
}

function those(all: readonly TopologySpreadConstraint[], when: WhenUnsatisfiable) {
  return all.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
}

function read(constraint: TopologySpreadConstraint, selector: LabelSelector): Constraint {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy = 'Honor' } = constraint
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    honorsAffinity: nodeAffinityPolicy === 'Honor',
    honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
  }
}

/** API servers before v1.34 leave `matchLabelKeys` to the scheduler; twice does no harm. */
function withLabelKeys(constraint: TopologySpreadConstraint, { labels }: PodShape): LabelSelector {
  const selector = readSelector(constraint.labelSelector)
  if (selector === LabelSelector.nothing) return selector
  const more = (constraint.matchLabelKeys ?? []).flatMap((key) => {
    const value = getOwn(labels, key)
    return value === undefined ? [] : [{ key, operator: '=' as const, values: [value] }]
  })
  return more.length === 0 ? selector : LabelSelector.of([...selector.requirements, ...more])
}

/**
 * The pods that a constraint of a pod of this shape counts, by domain: in its namespace, not on
 * their way out, on nodes that count for it: they have labels for all `keys`, to begin with.
 */
export function tallyOf(
  column: DomainColumn,
  shape: PodShape,
  constraint: Constraint,
  keys: readonly string[],
): Tally {
  const { topologyKey, honorsAffinity, honorsTaints } = constraint
  const { nodeSelector, affinity, tolerations } = shape
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const restricts = [
    keys.toSorted(),
    honorsAffinity ? [nodeSelector, required] : [],
    honorsTaints ? [tolerations] : [],
  ]
  const eligible = (node: Node) => {
    const labels = node.metadata.labels ?? {}
    if (!keys.every((key) => Object.hasOwn(labels, key))) return false
    if (honorsAffinity && !matchesRequired(node, shape)) return false
    if (!honorsTaints) return true
    return !isRepelled(node.spec.taints ?? [], (taint) => tolerates(tolerations, taint))
  }
  const pods = podsLike(shape, constraint)
  const isRestricted =
    keys.length > 0 ||
    honorsTaints ||
    (honorsAffinity && (required !== undefined || Object.keys(nodeSelector).length > 0))
  if (!isRestricted) return column.tally(topologyKey, pods)
  return column.tally(topologyKey, {
    ...pods,
    key: `${pods.key} ${JSON.stringify(restricts)}`,
    eligible,
  })
}

/** The same on each single node, whatever node that is. */
export function tallyPerNode(column: DomainColumn, shape: PodShape, constraint: Constraint): Tally {
  return column.tally(nodeItself, podsLike(shape, constraint))
}

function podsLike({ namespace }: PodShape, { selector }: Constraint): Selection {
  return {
    key: `spread ${namespace} ${selectorKey(selector)}`,
    namespaces: new Set([namespace]),
    countsTerminating: false,
    // A selector that selects everything counts nothing.
    matches: (other) =>
      other.namespace === namespace && !selector.empty && selector.matches(other.labels),
  }
}
