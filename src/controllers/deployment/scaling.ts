import type { Deployment, ReplicaSet } from '#api'
import { isRollingUpdate, maxReplicas } from './limits.ts'
import {
  activeSets,
  allSets,
  availableReplicas,
  compareAge,
  sumOf,
  wantedReplicas,
  type OwnedSets,
} from './replica-sets.ts'
import { desiredReplicas, maxReplicasBefore } from './revision.ts'

/** A ReplicaSet and how many pods it shall have. */
export interface Size {
  readonly set: ReplicaSet
  readonly replicas: number
}

/** Whether the Deployment's replicas changed since its ReplicaSets were last scaled. */
export function isScalingEvent(deployment: Deployment, sets: OwnedSets): boolean {
  return activeSets(allSets(sets)).some((set) => {
    const desired = desiredReplicas(set)
    return desired !== undefined && desired !== deployment.spec.replicas
  })
}

/**
 * Sizes after the Deployment was scaled, or while it is paused. In the middle of a rolling update
 * pods are added and taken away in proportion, so that bad revisions do not grow more than good
 * ones, and the availability stays what it was.
 */
export function sizesAfterScaling(deployment: Deployment, sets: OwnedSets): readonly Size[] {
  const { replicas } = deployment.spec
  const active = activeSets(allSets(sets))
  const [only] = active
  if (active.length <= 1) {
    // Nothing rolls: the one that has pods, else the newest.
    const set = only ?? sets.current ?? sets.old.at(-1)
    return set === undefined ? [] : [{ set, replicas }]
  }
  if (isSaturated(deployment, sets.current)) {
    return activeSets(sets.old).map((set) => ({ set, replicas: 0 }))
  }
  return isRollingUpdate(deployment) ? proportionalSizes(deployment, active) : []
}

/** The rollout is over but for the rests of old ReplicaSets. */
function isSaturated({ spec }: Deployment, current: ReplicaSet | undefined): boolean {
  return (
    current !== undefined &&
    current.spec.replicas === spec.replicas &&
    desiredReplicas(current) === spec.replicas &&
    availableReplicas(current) === spec.replicas
  )
}

function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): readonly Size[] {
  const allowed = deployment.spec.replicas > 0 ? maxReplicas(deployment) : 0
  const toAdd = allowed - sumOf(active, wantedReplicas)
  // Of equal size, the newer grow first and the older shrink first.
  const byAge = toAdd > 0 ? active.toSorted(compareAge).reverse() : active.toSorted(compareAge)
  const bySize = byAge.sort((a, b) => b.spec.replicas - a.spec.replicas)
  let added = 0
  const sizes = bySize.map((set) => {
    const share = toAdd === 0 ? 0 : proportionOf(deployment, set, toAdd - added, toAdd)
    added += share
    return { set, replicas: set.spec.replicas + share }
  })
  // What rounding left over goes to the largest.
  return sizes.map(({ set, replicas }, i) => ({
    set,
    replicas: i === 0 ? Math.max(0, replicas + toAdd - added) : replicas,
  }))
}

/** The pods a ReplicaSet gets (or loses) of those that are to be added, at most what is left. */
function proportionOf(
  deployment: Deployment,
  set: ReplicaSet,
  left: number,
  toAdd: number,
): number {
  const fraction = fractionOf(deployment, set)
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left)
}

function fractionOf(deployment: Deployment, set: ReplicaSet): number {
  const { replicas } = set.spec
  if (deployment.spec.replicas === 0) return -replicas
  const recorded = maxReplicasBefore(set) ?? 0
  const before = recorded === 0 ? (deployment.status.replicas ?? 0) : recorded
  if (before === 0) return 0
  return Math.round((replicas * maxReplicas(deployment)) / before) - replicas
}
