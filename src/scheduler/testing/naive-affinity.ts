import type { PodAffinityTerm } from '#api'
import { selectorFromObject, type Labels } from '#machinery'
import type { PodInfo } from '../pod-info.ts'
import type { Peopled } from './naive-spread.ts'

/** Labels of namespaces, by name. */
export type NamespaceLabels = ReadonlyMap<string, Labels>

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function means(
  term: PodAffinityTerm,
  owner: PodInfo,
  other: PodInfo,
  labels: NamespaceLabels,
): boolean {
  const named = term.namespaces ?? []
  const own = named.length === 0 && term.namespaceSelector === undefined
  const inNamespace = own
    ? other.namespace === owner.namespace
    : named.includes(other.namespace) ||
      selectorFromObject(term.namespaceSelector).matches(labels.get(other.namespace))
  return inNamespace && selectorFromObject(term.labelSelector).matches(other.shape.labels)
}

const valueOf = ({ node }: Peopled, key: string) => node.metadata.labels?.[key]

/** Looks at every pair of pods: what InterPodAffinity says of each node. */
export function naiveAffinityRejections(
  nodes: readonly Peopled[],
  pod: PodInfo,
  labels: NamespaceLabels,
): Record<string, string> {
  const { podAffinity, podAntiAffinity } = pod.pod.spec.affinity ?? {}
  const wanted = podAffinity?.[required] ?? []
  const unwanted = podAntiAffinity?.[required] ?? []
  const isWanted = (other: PodInfo) => wanted.every((term) => means(term, pod, other, labels))
  const somewhere = wanted.some(({ topologyKey }) =>
    nodes.some((each) => valueOf(each, topologyKey) !== undefined && each.pods.some(isWanted)),
  )
  const together = (a: Peopled, b: Peopled, key: string) =>
    valueOf(a, key) !== undefined && valueOf(a, key) === valueOf(b, key)
  const rejections: Record<string, string> = {}
  for (const each of nodes) {
    const name = each.node.metadata.name ?? ''
    const hasKeys = wanted.every(({ topologyKey }) => valueOf(each, topologyKey) !== undefined)
    const hasAll = wanted.every(({ topologyKey }) =>
      nodes.some((other) => together(each, other, topologyKey) && other.pods.some(isWanted)),
    )
    const first = !somewhere && isWanted(pod)
    const isUnwanted = unwanted.some((term) =>
      nodes.some(
        (other) =>
          together(each, other, term.topologyKey) &&
          other.pods.some((one) => means(term, pod, one, labels)),
      ),
    )
    const isUnwilling = nodes.some((other) =>
      other.pods.some((one) =>
        (one.pod.spec.affinity?.podAntiAffinity?.[required] ?? []).some(
          (term) => together(each, other, term.topologyKey) && means(term, one, pod, labels),
        ),
      ),
    )
    if (!hasKeys || (!hasAll && !first)) {
      rejections[name] = "node(s) didn't match pod affinity rules !"
    } else if (isUnwanted) {
      rejections[name] = "node(s) didn't match pod anti-affinity rules"
    } else if (isUnwilling) {
      rejections[name] = "node(s) didn't satisfy existing pods anti-affinity rules"
    }
  }
  return rejections
}

/** And how it scores them, all being candidates. */
export function naiveAffinityScores(
  nodes: readonly Peopled[],
  pod: PodInfo,
  labels: NamespaceLabels,
): Record<string, number> {
  const sums = new Map<Peopled, number>()
  const give = (from: Peopled, { topologyKey }: PodAffinityTerm, weight: number) => {
    const value = valueOf(from, topologyKey)
    if (value === undefined) return
    for (const each of nodes) {
      if (valueOf(each, topologyKey) === value) sums.set(each, (sums.get(each) ?? 0) + weight)
    }
  }
  const terms = ({ pod: { spec } }: PodInfo) => [
    ...(spec.affinity?.podAffinity?.[preferred] ?? []).map((one) => ({ ...one, sign: 1 })),
    ...(spec.affinity?.podAntiAffinity?.[preferred] ?? []).map((one) => ({ ...one, sign: -1 })),
  ]
  for (const each of nodes) {
    for (const other of each.pods) {
      for (const { weight, podAffinityTerm: term, sign } of terms(pod)) {
        if (means(term, pod, other, labels)) give(each, term, sign * weight)
      }
      for (const { weight, podAffinityTerm: term, sign } of terms(other)) {
        if (means(term, other, pod, labels)) give(each, term, sign * weight)
      }
      for (const term of other.pod.spec.affinity?.podAffinity?.[required] ?? []) {
        if (means(term, other, pod, labels)) give(each, term, 1)
      }
    }
  }
  const all = nodes.map((each) => sums.get(each) ?? 0)
  const [lowest, highest] = [Math.min(...all), Math.max(...all)]
  return Object.fromEntries(
    nodes.map(({ node }, i) => {
      const range = highest - lowest
      const score = range === 0 ? 0 : Math.trunc(100 * (((all[i] ?? 0) - lowest) / range))
      return [node.metadata.name ?? '', score]
    }),
  )
}
