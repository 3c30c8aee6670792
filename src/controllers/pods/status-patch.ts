import { formatTime } from '#base'
import { Pod, type PodCondition } from '#api'
import type { Client } from '#client'
import { podCondition } from './pod-state.ts'

export type ConditionChange = Pick<PodCondition, 'type' | 'status'> &
  Partial<Pick<PodCondition, 'reason' | 'message'>>

/** The condition as it is to be written; undefined where the pod has it so. */
export function changedCondition(
  pod: Pod,
  change: ConditionChange,
  nowMs: number,
): PodCondition | undefined {
  const present = podCondition(pod, change.type)
  const { reason = '', message = '' } = present ?? {}
  if (
    present?.status === change.status &&
    reason === (change.reason ?? '') &&
    message === (change.message ?? '')
  ) {
    return undefined
  }
  const transition = present?.status === change.status ? present.lastTransitionTime : undefined
  const { generation } = pod.metadata
  return {
    ...change,
    lastProbeTime: present?.lastProbeTime ?? null,
    lastTransitionTime: transition ?? formatTime(nowMs),
    ...(generation !== undefined && { observedGeneration: generation }),
  }
}

export interface StatusChange {
  readonly phase?: 'Failed' | undefined
  readonly condition?: PodCondition | undefined
}

/** Writes parts of a pod's status. A pod of another uid is a Conflict. */
export async function patchPodStatus(
  client: Client,
  { metadata }: Pod,
  { phase, condition }: StatusChange,
): Promise<void> {
  const { namespace = '', name = '', uid } = metadata
  const status = {
    ...(phase !== undefined && { phase }),
    ...(condition !== undefined && { conditions: [condition] }),
  }
  await client
    .resource(Pod)
    .namespace(namespace)
    .subresource('status')
    .patch(name, { type: 'strategic', patch: { metadata: { uid }, status } })
}
