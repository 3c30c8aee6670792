import { termMatches, type AffinityTerm } from '../../affinity-terms.ts'
import type { Handle } from '../../framework/plugin.ts'
import type { OwnedTerm, TermSort } from '../../node-table/domain-column.ts'
import type { Tally } from '../../node-table/tally.ts'
import type { PodShape } from '../../pod-info.ts'

/** Changes when any of the tallies that a pod's terms lead to may be others. */
export function talliesVersion({ table: { domains }, objects }: Handle): number {
  return domains.dropped + domains.ownedVersion + objects.namespacesVersion
}

/** The pods that all of `terms` mean, by domain of one topology. */
export function tallyOf(
  { table, objects }: Handle,
  topologyKey: string,
  terms: readonly AffinityTerm[],
): Tally {
  const resolved = terms.map((term) => ({
    selector: term.selector,
    key: term.key,
    namespaces: term.namespaceSelector.empty
      ? undefined
      : new Set([...term.namespaces, ...objects.namespacesWith(term.namespaceSelector)]),
  }))
  const key = resolved.map((one) => `${one.key} ${[...(one.namespaces ?? ['*'])].sort().join()}`)
  return table.domains.tally(topologyKey, {
    key: `affinity ${key.sort().join(' and ')}`,
    namespaces: resolved.find(({ namespaces }) => namespaces !== undefined)?.namespaces,
    countsTerminating: true,
    matches: ({ namespace, labels }) =>
      resolved.every(
        ({ namespaces, selector }) =>
          (namespaces?.has(namespace) ?? true) && selector.matches(labels),
      ),
  })
}

/** Terms of pods on nodes that mean a pod of this shape. */
export function* ownedAbout(
  { table, objects }: Handle,
  shape: PodShape,
  sorts: readonly TermSort[],
): Generator<OwnedTerm> {
  const labels = objects.labelsOf(shape.namespace)
  for (const owned of table.domains.owned) {
    if (sorts.includes(owned.sort) && termMatches(owned.term, shape, labels)) yield owned
  }
}

/** Whether all of `terms` mean a pod of this shape. */
export function allMean({ objects }: Handle, terms: readonly AffinityTerm[], shape: PodShape) {
  const labels = objects.labelsOf(shape.namespace)
  return terms.every((term) => termMatches(term, shape, labels))
}
