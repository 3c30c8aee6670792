import type { Node } from '#api'
import { equalJson } from '#machinery'
import type { ClusterEvent, NodeAction } from './framework/cluster-event.ts'

/** What of a node's change may help pods that wait; nothing for a mere sign of life. */
export function nodeEvents(before: Node, after: Node): ClusterEvent[] {
  const actions: NodeAction[] = []
  if (!equalJson(before.status.allocatable, after.status.allocatable)) {
    actions.push('UpdateNodeAllocatable')
  }
  if (!equalJson(before.metadata.labels, after.metadata.labels)) actions.push('UpdateNodeLabel')
  // To cordon a node is to taint it: whoever tolerates the taint may go there.
  const cordoned = (node: Node) => node.spec.unschedulable === true
  if (!equalJson(before.spec.taints, after.spec.taints) || cordoned(before) !== cordoned(after)) {
    actions.push('UpdateNodeTaint')
  }
  if (!equalJson(conditionStatuses(before), conditionStatuses(after))) {
    actions.push('UpdateNodeCondition')
  }
  return actions.map((action) => ({ resource: 'Node', action, before, after }))
}

/** Whether the node table would look different, apart from what these events say. */
export function otherwiseDifferent(before: Node, after: Node): boolean {
  return (
    !equalJson(before.status.capacity, after.status.capacity) ||
    !equalJson(before.status.images, after.status.images)
  )
}

function conditionStatuses({ status }: Node): Readonly<Record<string, string>> {
  return Object.fromEntries((status.conditions ?? []).map(({ type, status }) => [type, status]))
}
