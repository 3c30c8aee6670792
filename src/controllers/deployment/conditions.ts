import type { Deployment, DeploymentCondition } from '#api'
import { formatTime } from '#base'

type Conditions = readonly DeploymentCondition[]

export type ConditionType = 'Available' | 'Progressing' | 'ReplicaFailure'

export interface NewCondition {
  readonly type: ConditionType
  readonly status: 'False' | 'True' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export function conditionOf(
  conditions: Conditions | undefined,
  type: ConditionType,
): DeploymentCondition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** A condition as of now. */
export function dated(condition: NewCondition, nowMs: number): DeploymentCondition {
  const now = formatTime(nowMs)
  return { ...condition, lastUpdateTime: now, lastTransitionTime: now }
}

/** With the same status and reason nothing changes; with the same status the transition is old. */
export function withCondition(
  conditions: Conditions | undefined,
  condition: DeploymentCondition,
): Conditions {
  const all = conditions ?? []
  const before = all.find(({ type }) => type === condition.type)
  if (before?.status === condition.status) {
    if (before.reason === condition.reason) return all
    const { lastTransitionTime } = before
    return [...others(all, condition.type), { ...condition, lastTransitionTime }]
  }
  return [...others(all, condition.type), condition]
}

export function withoutCondition(
  conditions: Conditions | undefined,
  type: ConditionType,
): Conditions {
  return others(conditions ?? [], type)
}

/** The Deployment with other conditions, not yet written. */
export function havingConditions(deployment: Deployment, conditions: Conditions): Deployment {
  return { ...deployment, status: { ...deployment.status, conditions } }
}

function others(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type)
}
