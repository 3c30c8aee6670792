import type { DaemonSetStatus } from '#api'
import { isPodAvailable, isPodReady } from '../pods/pod-state.ts'
import { compareDaemonPods, isUpdated } from './daemon-pod.ts'
import type { NodeFit } from './node-fit.ts'
import type { DaemonState } from './plan.ts'

/** The status as it should be, in the form in which it is read back: zeroes may be absent. */
export function statusOf(
  state: DaemonState,
  fits: ReadonlyMap<string, NodeFit>,
  observedGeneration: number | undefined,
): DaemonSetStatus {
  const { set, hash, podsByNode, nowMs } = state
  let desired = 0
  let scheduled = 0
  let misscheduled = 0
  let ready = 0
  let available = 0
  let updated = 0
  for (const [node, { run }] of fits) {
    const [pod] = (podsByNode.get(node) ?? []).toSorted(compareDaemonPods)
    if (!run) {
      if (pod !== undefined) misscheduled++
      continue
    }
    desired++
    if (pod === undefined) continue
    scheduled++
    if (isPodReady(pod)) ready++
    if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)) available++
    if (isUpdated(pod, set, hash)) updated++
  }
  const { collisionCount, conditions } = set.status
  const unavailable = desired - available
  return {
    currentNumberScheduled: scheduled,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    ...(observedGeneration === undefined || observedGeneration === 0 ? {} : { observedGeneration }),
    ...(updated === 0 ? {} : { updatedNumberScheduled: updated }),
    ...(available === 0 ? {} : { numberAvailable: available }),
    ...(unavailable === 0 ? {} : { numberUnavailable: unavailable }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  }
}
