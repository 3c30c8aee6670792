import type { Pod, PodCondition } from '#api'
import { parseTime } from '#base'

/** It has ended and will not run again. */
export function isPodTerminal({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}

/** It counts as one of the wanted pods: neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined
}

/** It is being deleted and has not ended yet. */
export function isPodTerminating(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined
}

export function podCondition({ status }: Pod, type: string): PodCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type)
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Wall time since when the pod is ready; undefined where it is not, or does not say. */
export function readySince(pod: Pod): number | undefined {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return undefined
  return parseTime(ready.lastTransitionTime ?? '')
}

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return isPodReady(pod) && availableInMs(pod, minReadySeconds, nowMs) === 0
}

/** When a ready pod becomes available; undefined for one that is not ready or does not say since when. */
export function availableInMs(
  pod: Pod,
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  if (minReadySeconds === 0) return isPodReady(pod) ? 0 : undefined
  const since = readySince(pod)
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - nowMs)
}

/** The most restarts of a container, apart for ordinary ones and sidecars. */
export function maxRestarts({ spec, status }: Pod): { regular: number; sidecar: number } {
  const sidecars = new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  )
  let regular = 0
  let sidecar = 0
  for (const { restartCount } of status.containerStatuses ?? []) {
    regular = Math.max(regular, restartCount)
  }
  for (const { name, restartCount } of status.initContainerStatuses ?? []) {
    if (sidecars.has(name)) sidecar = Math.max(sidecar, restartCount)
  }
  return { regular, sidecar }
}
