import type { Affinity, PodAffinityTerm } from '#api'
import {
  LabelSelector,
  SelectorError,
  selectorFromObject,
  type LabelSelectorObject,
  type Labels,
} from '#machinery'

/** One term of a pod's affinity or anti-affinity to other pods. */
export interface AffinityTerm {
  /** The same for terms that say the same. */
  readonly key: string
  readonly topologyKey: string
  /** Other pods are meant where their namespace is one of these, or its labels are selected. */
  readonly namespaces: ReadonlySet<string>
  readonly namespaceSelector: LabelSelector
  readonly selector: LabelSelector
  /** Of a preferred term, below zero for anti-affinity; a required one has none. */
  readonly weight: number
}

export interface AffinityTerms {
  readonly required: readonly AffinityTerm[]
  readonly requiredAnti: readonly AffinityTerm[]
  /** Of both sorts: see `weight`. */
  readonly preferred: readonly AffinityTerm[]
}

/** What a term looks at of another pod. */
export interface Selectable {
  readonly namespace: string
  readonly labels: Labels
}

const none: AffinityTerms = { required: [], requiredAnti: [], preferred: [] }

/** The terms of a pod in `namespace`, which is meant where a term names none. */
export function affinityTerms(affinity: Affinity | undefined, namespace: string): AffinityTerms {
  const { podAffinity, podAntiAffinity } = affinity ?? {}
  if (podAffinity === undefined && podAntiAffinity === undefined) return none
  const term = (one: PodAffinityTerm, weight = 0) => termOf(one, namespace, weight)
  const preferred = (from: typeof podAffinity, sign: 1 | -1) =>
    (from?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      .filter(({ weight }) => weight !== 0)
      .map(({ weight, podAffinityTerm }) => term(podAffinityTerm, sign * weight))
  const required = (from: typeof podAffinity) =>
    (from?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => term(one))
  return {
    required: required(podAffinity),
    requiredAnti: required(podAntiAffinity),
    preferred: [...preferred(podAffinity, 1), ...preferred(podAntiAffinity, -1)],
  }
}

/** Whether the term means this pod; `namespaceLabels` are those of the pod's namespace. */
export function termMatches(
  term: AffinityTerm,
  { namespace, labels }: Selectable,
  namespaceLabels: Labels | undefined,
): boolean {
  const { namespaces, namespaceSelector, selector } = term
  if (!namespaces.has(namespace) && !namespaceSelector.matches(namespaceLabels)) return false
  return selector.matches(labels)
}

/** The API server lets none in that cannot be read; from another's, it selects nothing. */
export function readSelector(field: LabelSelectorObject | null | undefined): LabelSelector {
  try {
    return selectorFromObject(field)
  } catch (error) {
    if (error instanceof SelectorError) return LabelSelector.nothing
    throw error
  }
}

/** The same for selectors that select the same, in the same way. */
export function selectorKey(selector: LabelSelector): string {
  return selector === LabelSelector.nothing ? 'nothing' : `(${selector.toString()})`
}

function termOf(term: PodAffinityTerm, namespace: string, weight: number): AffinityTerm {
  const { topologyKey, namespaces = [], namespaceSelector, labelSelector } = term
  const own = namespaces.length === 0 && namespaceSelector === undefined
  const read = {
    topologyKey,
    namespaces: new Set(own ? [namespace] : namespaces),
    namespaceSelector: readSelector(namespaceSelector),
    selector: readSelector(labelSelector),
    weight,
  }
  const key = JSON.stringify([
    topologyKey,
    [...read.namespaces].sort(),
    selectorKey(read.namespaceSelector),
    selectorKey(read.selector),
  ])
  return { ...read, key }
}
