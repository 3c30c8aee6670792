import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '#api'
import { getOwn, type Labels } from '#machinery'
import { int64 } from '../tolerations.ts'

/** Whether a node has all labels of a pod's nodeSelector. */
export function hasLabels(node: Node, wanted: Labels): boolean {
  const labels = node.metadata.labels ?? {}
  return Object.entries(wanted).every(([key, value]) => getOwn(labels, key) === value)
}

/** Terms are alternatives; without terms nothing matches. */
export function matchesAnyTerm(node: Node, terms: readonly NodeSelectorTerm[]): boolean {
  return terms.some((term) => matchesTerm(node, term))
}

/** All its requirements together; a term without any matches nothing. */
export function matchesTerm(node: Node, term: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  const fields: Labels = { 'metadata.name': node.metadata.name ?? '' }
  return (
    matchExpressions.every((one) => matchesRequirement(one, node.metadata.labels ?? {})) &&
    matchFields.every((one) => matchesRequirement(one, fields))
  )
}

function matchesRequirement(requirement: NodeSelectorRequirement, labels: Labels): boolean {
  const { key, operator, values = [] } = requirement
  const value = getOwn(labels, key)
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const [has, bound] = [int64(value ?? ''), int64(values[0] ?? '')]
      if (has === undefined || bound === undefined || values.length !== 1) return false
      return operator === 'Gt' ? has > bound : has < bound
    }
    default:
      return false
  }
}

/**
 * The names of the only nodes the terms can match, where each term asks for names; undefined
 * where some term does not.
 */
export function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const all = new Set<string>()
  for (const { matchFields = [] } of terms) {
    let names: Set<string> | undefined
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      const these = new Set(values)
      names = names === undefined ? these : names.intersection(these)
    }
    if (names === undefined) return undefined
    for (const name of names) all.add(name)
  }
  return terms.length === 0 ? undefined : all
}
