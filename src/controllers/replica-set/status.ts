import type { Pod, ReplicaSetCondition, ReplicaSetStatus } from '#api'
import { formatTime } from '#base'
import { selectorOfLabels } from '../framework/selector-of.ts'
import { availableInMs, isPodAvailable, isPodReady } from '../pods/pod-state.ts'
import type { Replicas } from './replicas.ts'

const replicaFailure = 'ReplicaFailure'

export interface Observed {
  /** Claimed pods that run or will run. */
  readonly active: readonly Pod[]
  /** Claimed pods that are being deleted and still run. */
  readonly terminating: readonly Pod[]
  /** Why pods could not be created or deleted, this time. */
  readonly failure: Error | undefined
  readonly nowMs: number
}

/** The status as it should be, in the form in which it is read back: zeroes are absent. */
export function statusOf(replicas: Replicas, observed: Observed): ReplicaSetStatus {
  const { owner, minReadySeconds, template } = replicas
  const { active, terminating, nowMs } = observed
  const labelled = selectorOfLabels(template.metadata.labels)
  return {
    replicas: active.length,
    ...counts({
      fullyLabeledReplicas: count(active, (pod) => labelled.matches(pod.metadata.labels)),
      readyReplicas: count(active, isPodReady),
      availableReplicas: count(active, (pod) => isPodAvailable(pod, minReadySeconds, nowMs)),
    }),
    ...(replicas.countsTerminating ? { terminatingReplicas: terminating.length } : {}),
    ...(owner.metadata.generation === undefined
      ? {}
      : { observedGeneration: owner.metadata.generation }),
    ...conditionsOf(replicas, observed),
  }
}

/**
 * When the next pod becomes available by the passing of time alone; undefined where none waits for
 * that.
 */
export function nextAvailabilityMs(
  active: readonly Pod[],
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  let next: number | undefined
  for (const pod of active) {
    const inMs = availableInMs(pod, minReadySeconds, nowMs) ?? 0
    if (inMs > 0 && (next === undefined || inMs < next)) next = inMs
  }
  return next
}

function conditionsOf(
  { status, wanted }: Replicas,
  { active, failure, nowMs }: Observed,
): { readonly conditions?: readonly ReplicaSetCondition[] } {
  const before = status.conditions ?? []
  const failed = before.some(({ type }) => type === replicaFailure)
  let conditions = before
  if (failure === undefined) {
    if (failed) conditions = before.filter(({ type }) => type !== replicaFailure)
  } else if (!failed) {
    conditions = [
      ...before,
      {
        type: replicaFailure,
        status: 'True',
        lastTransitionTime: formatTime(nowMs),
        reason: active.length < wanted ? 'FailedCreate' : 'FailedDelete',
        message: failure.message,
      },
    ]
  }
  return conditions.length === 0 ? {} : { conditions }
}

function counts<K extends string>(all: Readonly<Record<K, number>>): Partial<Record<K, number>> {
  const present: Partial<Record<K, number>> = { ...all }
  for (const key of Object.keys(all) as K[]) if (all[key] === 0) delete present[key]
  return present
}

function count(pods: readonly Pod[], test: (pod: Pod) => boolean): number {
  let found = 0
  for (const pod of pods) if (test(pod)) found++
  return found
}
