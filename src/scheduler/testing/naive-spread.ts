import type { Node, TopologySpreadConstraint } from '#api'
import { LabelSelector, selectorFromObject } from '#machinery'
import type { PodInfo } from '../pod-info.ts'
import { matchesRequired } from '../plugins/node-affinity/node-affinity.ts'

/** A node and the pods on it. */
export interface Peopled {
  readonly node: Node
  readonly pods: readonly PodInfo[]
}

interface Read extends TopologySpreadConstraint {
  readonly selector: LabelSelector
}

const labelsOf = (node: Node) => node.metadata.labels ?? {}
const hostName = 'kubernetes.io/hostname'

function readOf(pod: PodInfo, when: string): Read[] {
  return (pod.pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when)
    .map((constraint) => {
      const expressions = (constraint.matchLabelKeys ?? []).flatMap((key) => {
        const value = pod.shape.labels[key]
        return value === undefined ? [] : [{ key, operator: 'In', values: [value] }]
      })
      const field = constraint.labelSelector
      const selector = selectorFromObject(
        field && {
          matchLabels: field.matchLabels ?? {},
          matchExpressions: [...(field.matchExpressions ?? []), ...expressions],
        },
      )
      return { ...constraint, selector }
    })
}

function counts({ node }: Peopled, constraint: Read, all: readonly Read[], pod: PodInfo): boolean {
  if (!all.every(({ topologyKey }) => topologyKey in labelsOf(node))) return false
  if ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !matchesRequired(node, pod.shape)) {
    return false
  }
  const tainted = (node.spec.taints ?? []).length > 0
  const tolerates = (pod.pod.spec.tolerations ?? []).length > 0
  return constraint.nodeTaintsPolicy !== 'Honor' || !tainted || tolerates
}

function matching({ pods }: Peopled, { selector }: Read, pod: PodInfo): number {
  if (selector.empty) return 0
  return pods.filter(
    (other) =>
      other.namespace === pod.namespace &&
      other.pod.metadata.deletionTimestamp === undefined &&
      selector.matches(other.shape.labels),
  ).length
}

/** Counted anew from all nodes and pods: what PodTopologySpread says of each node. */
export function naiveSpreadRejections(
  nodes: readonly Peopled[],
  pod: PodInfo,
): Record<string, string> {
  const constraints = readOf(pod, 'DoNotSchedule')
  const domains = constraints.map((constraint) => {
    const found = new Map<string, number>()
    for (const each of nodes) {
      if (!counts(each, constraint, constraints, pod)) continue
      const value = labelsOf(each.node)[constraint.topologyKey] ?? ''
      found.set(value, (found.get(value) ?? 0) + matching(each, constraint, pod))
    }
    return found
  })
  const rejections: Record<string, string> = {}
  for (const { node } of nodes) {
    for (const [i, constraint] of constraints.entries()) {
      const value = labelsOf(node)[constraint.topologyKey]
      const found = domains[i] ?? new Map<string, number>()
      const name = node.metadata.name ?? ''
      if (value === undefined) {
        rejections[name] =
          "node(s) didn't match pod topology spread constraints (missing required label) !"
        break
      }
      const enough = found.size >= (constraint.minDomains ?? 1)
      const fewest = enough ? Math.min(...found.values()) : 0
      const own = constraint.selector.matches(pod.shape.labels) ? 1 : 0
      if ((found.get(value) ?? 0) + own - fewest > constraint.maxSkew) {
        rejections[name] = "node(s) didn't match pod topology spread constraints"
        break
      }
    }
  }
  return rejections
}

/** And how it scores them, all being candidates. */
export function naiveSpreadScores(
  nodes: readonly Peopled[],
  pod: PodInfo,
): Record<string, number> | undefined {
  const constraints = readOf(pod, 'ScheduleAnyway')
  if (constraints.length === 0) return undefined
  const complete = ({ node }: Peopled) =>
    constraints.every(({ topologyKey }) => topologyKey in labelsOf(node))
  const candidates = nodes.filter(complete)
  const raw = new Map<string, number>()
  for (const each of candidates) {
    let score = 0
    for (const constraint of constraints) {
      const key = constraint.topologyKey
      const value = labelsOf(each.node)[key]
      const isHost = key === hostName
      const size = isHost
        ? candidates.length
        : new Set(candidates.map(({ node }) => labelsOf(node)[key])).size
      const pods = isHost
        ? matching(each, constraint, pod)
        : nodes
            .filter((other) => labelsOf(other.node)[key] === value)
            .filter((other) => counts(other, constraint, constraints, pod))
            .reduce((sum, other) => sum + matching(other, constraint, pod), 0)
      score += pods * Math.log(size + 2) + constraint.maxSkew - 1
    }
    raw.set(each.node.metadata.name ?? '', Math.round(score))
  }
  const highest = Math.max(0, ...raw.values())
  const lowest = Math.min(...raw.values())
  return Object.fromEntries(
    nodes.map(({ node }) => {
      const name = node.metadata.name ?? ''
      const score = raw.get(name)
      if (score === undefined) return [name, 0]
      return [name, highest === 0 ? 100 : Math.trunc((100 * (highest + lowest - score)) / highest)]
    }),
  )
}
