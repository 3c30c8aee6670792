import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '#api'
import { formatTime, parseTime } from '#base'
import {
  conditionOf,
  dated,
  havingConditions,
  withCondition,
  withoutCondition,
  type NewCondition,
} from './conditions.ts'
import { maxUnavailable, progressDeadlineMs } from './limits.ts'
import {
  allSets,
  availableReplicas,
  sumOf,
  wantedReplicas,
  type OwnedSets,
} from './replica-sets.ts'

/** What the ReplicaSets add up to, in the form in which it is read back: zeroes are absent. */
export function statusOf(deployment: Deployment, sets: OwnedSets, nowMs: number): DeploymentStatus {
  const all = allSets(sets)
  const { spec, status, metadata } = deployment
  const available = sumOf(all, availableReplicas)
  const terminating = terminatingReplicas(all)
  const enough = available >= spec.replicas - maxUnavailable(deployment)
  return {
    ...present('observedGeneration', metadata.generation ?? 0),
    ...present('replicas', sumOf(all, replicasNow)),
    ...present('updatedReplicas', sets.current?.status.replicas ?? 0),
    ...present(
      'readyReplicas',
      sumOf(all, (set) => set.status.readyReplicas ?? 0),
    ),
    ...present('availableReplicas', available),
    ...present('unavailableReplicas', Math.max(0, sumOf(all, wantedReplicas) - available)),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(status.collisionCount === undefined ? {} : { collisionCount: status.collisionCount }),
    conditions: withCondition(
      status.conditions,
      dated(enough ? minimumAvailable : minimumUnavailable, nowMs),
    ),
  }
}

/** The same during a rollout, with how it goes. */
export function rolloutStatusOf(
  deployment: Deployment,
  sets: OwnedSets,
  nowMs: number,
): DeploymentStatus {
  const status = statusOf(deployment, sets, nowMs)
  let conditions = progressConditions(deployment, sets, status, nowMs)
  const failure = replicaFailure(sets)
  conditions =
    failure === undefined
      ? withoutCondition(conditions, 'ReplicaFailure')
      : withCondition(conditions, failure)
  return { ...status, conditions }
}

/** Every wanted pod is of the present template and available. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const { updatedReplicas = 0, replicas = 0, availableReplicas: available = 0 } = status
  return (
    updatedReplicas === spec.replicas &&
    replicas === spec.replicas &&
    available === spec.replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  )
}

/** When to look again whether a rollout that makes no progress has failed. */
export function progressCheckInMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const deadlineMs = progressDeadlineMs(deployment)
  const condition = conditionOf(status.conditions, 'Progressing')
  if (deadlineMs === undefined || condition === undefined) return undefined
  // A rollout that was complete once does not fail any more, and one that failed is known to.
  if (condition.reason === completeReason || condition.reason === timedOutReason) return undefined
  const since = parseTime(condition.lastUpdateTime ?? '') ?? nowMs
  // Times are kept in seconds: a second later the deadline has passed for certain.
  return Math.max(0, since + deadlineMs - nowMs) + 1000
}

/** While a Deployment is paused its rollout has all the time there is. */
export function withPauseCondition(deployment: Deployment, nowMs: number): Deployment {
  if (progressDeadlineMs(deployment) === undefined) return deployment
  const { conditions } = deployment.status
  const reason = conditionOf(conditions, 'Progressing')?.reason
  if (reason === timedOutReason) return deployment
  const paused = deployment.spec.paused === true
  if (paused === (reason === deploymentPaused.reason)) return deployment
  const condition = paused ? deploymentPaused : deploymentResumed
  return havingConditions(deployment, withCondition(conditions, dated(condition, nowMs)))
}

const timedOutReason = 'ProgressDeadlineExceeded'
const completeReason = 'NewReplicaSetAvailable'

const minimumAvailable: NewCondition = {
  type: 'Available',
  status: 'True',
  reason: 'MinimumReplicasAvailable',
  message: 'Deployment has minimum availability.',
}
const minimumUnavailable: NewCondition = {
  type: 'Available',
  status: 'False',
  reason: 'MinimumReplicasUnavailable',
  message: 'Deployment does not have minimum availability.',
}
const deploymentPaused: NewCondition = {
  type: 'Progressing',
  status: 'Unknown',
  reason: 'DeploymentPaused',
  message: 'Deployment is paused',
}
const deploymentResumed: NewCondition = {
  type: 'Progressing',
  status: 'Unknown',
  reason: 'DeploymentResumed',
  message: 'Deployment is resumed',
}

function progressConditions(
  deployment: Deployment,
  sets: OwnedSets,
  status: DeploymentStatus,
  nowMs: number,
): readonly DeploymentCondition[] {
  const conditions = status.conditions ?? []
  const deadlineMs = progressDeadlineMs(deployment)
  if (deadlineMs === undefined) return withoutCondition(conditions, 'Progressing')
  const before = conditionOf(conditions, 'Progressing')
  // After a rollout was complete, missing pods are no rollout.
  const wasComplete =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && before?.reason === completeReason
  if (wasComplete) return conditions
  const name =
    sets.current === undefined
      ? `Deployment "${deployment.metadata.name}"`
      : `ReplicaSet "${sets.current.metadata.name}"`
  const condition = (truth: 'False' | 'True', reason: string, what: string): DeploymentCondition =>
    dated({ type: 'Progressing', status: truth, reason, message: `${name} ${what}` }, nowMs)
  if (isComplete(deployment, status)) {
    const complete = condition('True', completeReason, 'has successfully progressed.')
    return withCondition(conditions, complete)
  }
  if (isProgressing(deployment.status, status)) {
    const progressing = condition('True', 'ReplicaSetUpdated', 'is progressing.')
    // The update time moves with every step, also where status and reason stay.
    const since = before?.status === 'True' ? before.lastTransitionTime : formatTime(nowMs)
    return [
      ...withoutCondition(conditions, 'Progressing'),
      { ...progressing, lastTransitionTime: since },
    ]
  }
  if (isTimedOut(before, deadlineMs, nowMs)) {
    return withCondition(
      conditions,
      condition('False', timedOutReason, 'has timed out progressing.'),
    )
  }
  return conditions
}

/** More new pods, fewer old ones, more that are ready or available. */
function isProgressing(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) =>
    replicas - updatedReplicas
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

function isTimedOut(
  condition: DeploymentCondition | undefined,
  deadlineMs: number,
  nowMs: number,
): boolean {
  if (condition === undefined || condition.reason === completeReason) return false
  if (condition.reason === timedOutReason) return true
  const since = parseTime(condition.lastUpdateTime ?? '')
  return since !== undefined && since + deadlineMs < nowMs
}

/** Why pods could not be made; of the newest template before others. */
function replicaFailure({ current, old }: OwnedSets): DeploymentCondition | undefined {
  for (const set of current === undefined ? old : [current, ...old]) {
    const failure = set.status.conditions?.find(({ type }) => type === 'ReplicaFailure')
    if (failure !== undefined) return { ...failure, lastUpdateTime: failure.lastTransitionTime }
  }
  return undefined
}

const replicasNow = ({ status }: ReplicaSet): number => status.replicas

/** Undefined until all of them say. */
function terminatingReplicas(sets: readonly ReplicaSet[]): number | undefined {
  let sum = 0
  for (const { status } of sets) {
    if (status.terminatingReplicas === undefined) return undefined
    sum += status.terminatingReplicas
  }
  return sum
}

function present<K extends string>(key: K, count: number): Partial<Record<K, number>> {
  if (count === 0) return {}
  const record: Partial<Record<K, number>> = {}
  record[key] = count
  return record
}
