import { getOwn } from '#machinery'
import { termMatches, type AffinityTerm } from '../../affinity-terms.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import type { ClusterEvent, QueueingHint } from '../../framework/cluster-event.ts'
import type { PodInfo } from '../../pod-info.ts'

/**
 * A pod comes that is wanted, or goes, or changes its labels, that is not; a node gets into another
 * domain of a topology that matters.
 */
export function affinityEvents(objects: ClusterObjects): readonly QueueingHint[] {
  return [
    {
      resource: 'AssignedPod',
      actions: ['Add', 'Delete', 'UpdatePodLabel'],
      helps: (pod, event) => event.resource === 'AssignedPod' && helps(objects, pod, event),
    },
    { resource: 'TargetPod', actions: ['UpdatePodLabel'] },
    {
      resource: 'Node',
      actions: ['Add', 'UpdateNodeLabel'],
      helps: (pod, event) => event.resource === 'Node' && opensDomain(pod, event),
    },
  ]
}

function helps(
  objects: ClusterObjects,
  waiting: PodInfo,
  { before, after }: ClusterEvent & { readonly resource: 'AssignedPod' },
): boolean {
  const { terms } = waiting.shape
  const means = (term: AffinityTerm, { shape }: PodInfo) =>
    termMatches(term, shape, objects.labelsOf(shape.namespace))
  const isWanted = (pod: PodInfo | undefined) =>
    pod !== undefined && terms.required.length > 0 && terms.required.every((one) => means(one, pod))
  const isUnwanted = (pod: PodInfo | undefined) =>
    pod !== undefined && terms.requiredAnti.some((one) => means(one, pod))
  const isUnwilling = (pod: PodInfo | undefined) =>
    pod !== undefined && pod.shape.terms.requiredAnti.some((one) => means(one, waiting))
  // Where none is there any more that it wants, it may be the first.
  if (isWanted(before) !== isWanted(after)) return true
  if (isUnwanted(before) && !isUnwanted(after)) return true
  return isUnwilling(before) && !isUnwilling(after)
}

function opensDomain(
  { shape: { terms } }: PodInfo,
  { before, after }: ClusterEvent & { readonly resource: 'Node' },
): boolean {
  const valueIn = (node: typeof after, key: string) => getOwn(node.metadata.labels ?? {}, key)
  const isNew = ({ topologyKey }: AffinityTerm) =>
    before === undefined || valueIn(before, topologyKey) !== valueIn(after, topologyKey)
  // The terms of other pods may be about any topology.
  if (terms.required.length === 0) return true
  const hasAll = terms.required.every(
    ({ topologyKey }) => valueIn(after, topologyKey) !== undefined,
  )
  return hasAll && [...terms.required, ...terms.requiredAnti].some(isNew)
}
