import { equalJson } from '#machinery'
import type { ClusterEvent, PodAction } from './framework/cluster-event.ts'
import type { PodInfo } from './pod-info.ts'

/**
 * What of a pod's change may help pods that wait: others, where it has a node, or itself, where
 * it waits.
 */
export function podEvents(
  resource: 'AssignedPod' | 'TargetPod',
  before: PodInfo,
  after: PodInfo,
): ClusterEvent[] {
  const actions: PodAction[] = []
  if (!equalJson(before.pod.metadata.labels, after.pod.metadata.labels)) {
    actions.push('UpdatePodLabel')
  }
  if (before.shape !== after.shape && takesLess(before, after)) actions.push('UpdatePodScaleDown')
  if (gates(before) > 0 && gates(after) === 0) actions.push('UpdatePodSchedulingGatesEliminated')
  if (!equalJson(before.pod.spec.tolerations, after.pod.spec.tolerations)) {
    actions.push('UpdatePodToleration')
  }
  return actions.map((action) => ({ resource, action, before, after }))
}

function takesLess(before: PodInfo, after: PodInfo): boolean {
  return [...before.shape.requests].some(
    ([name, amount]) => (after.shape.requests.get(name) ?? 0) < amount,
  )
}

function gates({ pod }: PodInfo): number {
  return pod.spec.schedulingGates?.length ?? 0
}
