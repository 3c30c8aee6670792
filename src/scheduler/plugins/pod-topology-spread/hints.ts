import type { Node } from '#api'
import type { ClusterEvent, QueueingHint } from '../../framework/cluster-event.ts'
import type { PodInfo, PodShape } from '../../pod-info.ts'
import { matchesRequired } from '../node-affinity/node-affinity.ts'
import { isRepelled } from '../taint-toleration/taint-toleration.ts'
import { tolerates } from '../tolerations.ts'
import { ownConstraints, type Constraint } from './constraints.ts'

/** A pod that counts comes, goes, or counts from now on; or the domains change. */
export const spreadEvents: readonly QueueingHint[] = [
  {
    resource: 'AssignedPod',
    actions: ['Add', 'Delete', 'UpdatePodLabel'],
    helps: (pod, event) => event.resource === 'AssignedPod' && countsOtherwise(pod, event),
  },
  { resource: 'TargetPod', actions: ['UpdatePodLabel', 'UpdatePodToleration'] },
  {
    resource: 'Node',
    actions: ['Add', 'Delete', 'UpdateNodeLabel', 'UpdateNodeTaint'],
    helps: ({ shape }, event) => event.resource === 'Node' && changesDomains(shape, event),
  },
]

function countsOtherwise(
  { shape }: PodInfo,
  { before, after }: ClusterEvent & { readonly resource: 'AssignedPod' },
): boolean {
  const constraints = ownConstraints(shape, 'DoNotSchedule')
  // Only defaults can have kept it from its node: what they count may have changed, too.
  if (constraints.length === 0) return (before ?? after)?.namespace === shape.namespace
  const counts = (other: PodInfo | undefined, { selector }: Constraint) =>
    other?.namespace === shape.namespace && selector.matches(other.shape.labels)
  return constraints.some((constraint) => counts(before, constraint) !== counts(after, constraint))
}

function changesDomains(
  shape: PodShape,
  { action, before, after }: ClusterEvent & { readonly resource: 'Node' },
): boolean {
  const constraints = ownConstraints(shape, 'DoNotSchedule')
  if (constraints.length === 0) return true
  const now = action === 'Delete' ? undefined : after
  return placesIn(before, shape, constraints) !== placesIn(now, shape, constraints)
}

/** Which domains a node is of, as far as it counts for them; empty: of none. */
function placesIn(
  node: Node | undefined,
  shape: PodShape,
  constraints: readonly Constraint[],
): string {
  if (node === undefined) return ''
  const labels = node.metadata.labels ?? {}
  if (!constraints.every(({ topologyKey }) => Object.hasOwn(labels, topologyKey))) return ''
  const isTolerable = !isRepelled(node.spec.taints ?? [], (taint) =>
    tolerates(shape.tolerations, taint),
  )
  const isSelected = matchesRequired(node, shape)
  return JSON.stringify(
    constraints.map(({ topologyKey, honorsAffinity, honorsTaints }) => [
      labels[topologyKey],
      !honorsAffinity || isSelected,
      !honorsTaints || isTolerable,
    ]),
  )
}
