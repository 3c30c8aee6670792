import type { Node } from '#api'
import type { PodInfo } from '../pod-info.ts'

/** What may happen to a node that matters to pods waiting for one. */
export type NodeAction =
  | 'Add'
  | 'Delete'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeCondition'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'

/** What may happen to a pod. */
export type PodAction =
  | 'Add'
  | 'Delete'
  | 'UpdatePodLabel'
  | 'UpdatePodScaleDown'
  | 'UpdatePodSchedulingGatesEliminated'
  | 'UpdatePodToleration'

/** Something that happened and may help pods that did not fit. */
export type ClusterEvent =
  | {
      readonly resource: 'Node'
      readonly action: NodeAction
      readonly before: Node | undefined
      /** Of a node that is gone, what it was at last. */
      readonly after: Node
    }
  | {
      /** Of a pod that has a node. */
      readonly resource: 'AssignedPod'
      readonly action: PodAction
      readonly before: PodInfo | undefined
      readonly after: PodInfo | undefined
    }
  | {
      /** Of the waiting pod itself. */
      readonly resource: 'TargetPod'
      readonly action: PodAction
      readonly before: PodInfo
      readonly after: PodInfo
    }

export type EventName =
  | `${ClusterEvent['resource']}${string}`
  | 'ScheduleAttemptFailure'
  | 'UnschedulableTimeout'

/** The name of an event in metrics. */
export function eventName(event: ClusterEvent): EventName {
  return `${event.resource}${event.action}`
}

/**
 * Whether a plugin that rejected `pod` may change its mind after an event it has registered for.
 * To say yes too often costs an attempt; to say no wrongly leaves the pod waiting for minutes.
 */
export interface QueueingHint {
  readonly resource: ClusterEvent['resource']
  readonly actions: readonly (NodeAction | PodAction)[]
  /** Where it is missing, every such event helps. Depends on the pod's shape alone. */
  helps?(pod: PodInfo, event: ClusterEvent): boolean
}
