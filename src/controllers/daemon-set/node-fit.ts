import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '#api'
import {
  labelRequirement,
  LabelSelector,
  SelectorError,
  selectorFromLabels,
  type LabelOperator,
} from '#machinery'
import { tolerates } from '../taint-eviction/tolerance.ts'

/** Whether a node gets a daemon pod, and whether one that is there may stay. */
export interface NodeFit {
  readonly run: boolean
  readonly keep: boolean
}

/** `spec` is that of the daemon pod for the node: with its tolerations. */
export function fitOf(spec: PodSpec, node: Node): NodeFit {
  const { name = '' } = node.metadata
  const named = (spec.nodeName ?? '') === '' || spec.nodeName === name
  if (!named || !selects(spec, node)) return { run: false, keep: false }
  const untolerated = (node.spec.taints ?? []).filter(
    (taint) => !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  )
  return {
    run: untolerated.every(({ effect }) => effect === 'PreferNoSchedule'),
    keep: untolerated.every(({ effect }) => effect !== 'NoExecute'),
  }
}

/** The pod's node selector and required node affinity. */
function selects({ nodeSelector, affinity }: PodSpec, node: Node): boolean {
  const { labels } = node.metadata
  if (nodeSelector !== undefined && !selectorFromLabels(nodeSelector).matches(labels)) return false
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (required === undefined) return true
  return (required.nodeSelectorTerms ?? []).some((term) => termSelects(term, node))
}

/** A term without requirements selects nothing. */
function termSelects({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node) {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  const { labels, name = '' } = node.metadata
  const fields = { 'metadata.name': name }
  return allMatch(matchExpressions, labels ?? {}) && allMatch(matchFields, fields)
}

const operators: Readonly<Record<NodeSelectorRequirement['operator'], LabelOperator>> = {
  DoesNotExist: '!',
  Exists: 'exists',
  Gt: 'gt',
  In: 'in',
  Lt: 'lt',
  NotIn: 'notin',
}

function allMatch(
  requirements: readonly NodeSelectorRequirement[],
  values: Readonly<Record<string, string>>,
): boolean {
  try {
    const parsed = requirements.map(({ key, operator, values: wanted }) =>
      labelRequirement(key, operators[operator], wanted ?? []),
    )
    return LabelSelector.of(parsed).matches(values)
  } catch (error) {
    // What validation lets pass and no requirement says selects nothing.
    if (error instanceof SelectorError) return false
    throw error
  }
}
