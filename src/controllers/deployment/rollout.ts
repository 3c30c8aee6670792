import type { Deployment, ReplicaSet } from '#api'
import { isRollingUpdate, maxReplicas, maxUnavailable } from './limits.ts'
import {
  activeSets,
  allSets,
  availableReplicas,
  sumOf,
  wantedReplicas,
  type OwnedSets,
} from './replica-sets.ts'
import type { Size } from './scaling.ts'

/** The next thing to do for a rollout. Each is looked at again when its effects are seen. */
export type Step =
  | { readonly type: 'create'; readonly replicas: number }
  | { readonly type: 'scale'; readonly sizes: readonly Size[] }
  | { readonly type: 'wait' }

const wait: Step = { type: 'wait' }

/** `oldPodsRun`: pods of old ReplicaSets are there that have not ended; asked by Recreate only. */
export function nextStep(deployment: Deployment, sets: OwnedSets, oldPodsRun: () => boolean): Step {
  return isRollingUpdate(deployment)
    ? nextRollingStep(deployment, sets)
    : nextRecreateStep(deployment, sets, oldPodsRun)
}

/**
 * Up as far as the surge allows, else down as far as enough pods stay available. Never both at
 * once: what is available is known after the first only.
 */
function nextRollingStep(deployment: Deployment, sets: OwnedSets): Step {
  const { current } = sets
  const wanted = newSetReplicas(deployment, sets)
  if (current === undefined) return { type: 'create', replicas: wanted }
  if (current.spec.replicas !== wanted) {
    return { type: 'scale', sizes: [{ set: current, replicas: wanted }] }
  }
  const sizes = oldSetSizes(deployment, current, activeSets(sets.old))
  return sizes.length > 0 ? { type: 'scale', sizes } : wait
}

/** How many pods the ReplicaSet of the present template may have now. */
function newSetReplicas(deployment: Deployment, sets: OwnedSets): number {
  const { replicas } = deployment.spec
  const present = sets.current?.spec.replicas ?? 0
  if (present >= replicas) return replicas
  const room = maxReplicas(deployment) - sumOf(allSets(sets), wantedReplicas)
  return room <= 0 ? present : Math.min(replicas, present + room)
}

function oldSetSizes(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): readonly Size[] {
  if (old.length === 0) return []
  const all = [...old, current]
  const minAvailable = deployment.spec.replicas - maxUnavailable(deployment)
  const currentUnavailable = current.spec.replicas - surelyAvailable(current)
  const removable = sumOf(all, wantedReplicas) - minAvailable - currentUnavailable
  if (removable <= 0) return []
  // Pods that are not available do no good: they go first, and cost no availability.
  const unhealthy = takenFrom(old, removable, (set) => set.spec.replicas - surelyAvailable(set))
  const spare = sumOf(all, surelyAvailable) - minAvailable
  const healthy = takenFrom(old, spare, (set) => set.spec.replicas - (unhealthy.get(set) ?? 0))
  return old.flatMap((set) => {
    const less = (unhealthy.get(set) ?? 0) + (healthy.get(set) ?? 0)
    return less === 0 ? [] : [{ set, replicas: set.spec.replicas - less }]
  })
}

/**
 * Differs from Kubernetes: what a ReplicaSet was told to give up does not count, though its status
 * still has it. Counting it would take pods away twice and fall below the available minimum.
 */
function surelyAvailable(set: ReplicaSet): number {
  return Math.min(availableReplicas(set), set.spec.replicas)
}

/** Takes up to `count` away, from the first ones first, from each at most what `limit` says. */
function takenFrom(
  sets: readonly ReplicaSet[],
  count: number,
  limit: (set: ReplicaSet) => number,
): ReadonlyMap<ReplicaSet, number> {
  const taken = new Map<ReplicaSet, number>()
  let left = count
  for (const set of sets) {
    const here = Math.min(left, limit(set))
    if (here <= 0) continue
    taken.set(set, here)
    left -= here
  }
  return taken
}

/** Everything old ends before anything new begins. */
function nextRecreateStep(
  deployment: Deployment,
  { current, old }: OwnedSets,
  oldPodsRun: () => boolean,
): Step {
  const active = activeSets(old)
  if (active.length > 0) {
    return { type: 'scale', sizes: active.map((set) => ({ set, replicas: 0 })) }
  }
  if (sumOf(old, ({ status }) => status.replicas) > 0 || oldPodsRun()) return wait
  const { replicas } = deployment.spec
  if (current === undefined) return { type: 'create', replicas }
  if (current.spec.replicas === replicas) return wait
  return { type: 'scale', sizes: [{ set: current, replicas }] }
}
