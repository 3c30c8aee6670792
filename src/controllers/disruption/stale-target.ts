import type { Pod } from '#api'
import { parseTime } from '#base'
import { isPodTerminal, podCondition } from '../pods/pod-state.ts'

/** Who marks a pod deletes it soon, or never. */
const staleAfterMs = 2 * 60_000

/**
 * For how long a pod that is marked to be disrupted (DisruptionTarget, KEP-3329) may still be on
 * its way to deletion: 0 where the mark is stale, undefined where none can become stale. The
 * kubelet's own are kept: it may take its time.
 */
export function disruptionTargetStaleInMs(pod: Pod, nowMs: number): number | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined
  const target = podCondition(pod, 'DisruptionTarget')
  if (target?.status !== 'True' || target.reason === 'TerminationByKubelet') return undefined
  const since = parseTime(target.lastTransitionTime ?? '') ?? 0
  return Math.max(0, since + staleAfterMs - nowMs)
}
