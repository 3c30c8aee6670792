import type { Deployment } from '#api'
import { scaledValue } from '#machinery'

/** What stands for no limit where a field cannot be absent. */
const unlimited = 2 ** 31 - 1

export function isRollingUpdate({ spec }: Deployment): boolean {
  return spec.strategy.type !== 'Recreate'
}

/** Pods beyond the wanted number during a rolling update. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0
}

/** Wanted pods that may be missing during a rolling update. */
export function maxUnavailable(deployment: Deployment): number {
  const { replicas } = deployment.spec
  if (!isRollingUpdate(deployment) || replicas === 0) return 0
  return Math.min(fenceposts(deployment).unavailable, replicas)
}

/** All pods there may be: the wanted ones and the surge. */
export function maxReplicas(deployment: Deployment): number {
  return deployment.spec.replicas + maxSurge(deployment)
}

/** Surge is rounded up and unavailability down; where both come to nothing, one may be missing. */
function fenceposts({ spec }: Deployment): { surge: number; unavailable: number } {
  const limits = spec.strategy.rollingUpdate
  const surge = scaledValue(limits?.maxSurge ?? 0, spec.replicas, true)
  const unavailable = scaledValue(limits?.maxUnavailable ?? 0, spec.replicas, false)
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** Undefined where a rollout may take any time. */
export function progressDeadlineMs({ spec }: Deployment): number | undefined {
  const seconds = spec.progressDeadlineSeconds
  return seconds === unlimited ? undefined : seconds * 1000
}

/** Old ReplicaSets that are kept; undefined for all. */
export function historyLimit({ spec }: Deployment): number | undefined {
  return spec.revisionHistoryLimit === unlimited ? undefined : spec.revisionHistoryLimit
}
