import type { Condition, Pod, PodDisruptionBudget } from '#api'
import { formatTime, parseTime } from '#base'
import { equalJson, scaledValue } from '#machinery'
import { isPodReady } from '../pods/pod-state.ts'

type Status = PodDisruptionBudget['status']

/** A pod whose eviction was granted and which is still there after this time was not evicted. */
const deletionTimeoutMs = 2 * 60_000

/** What a budget demands. */
export interface Demand {
  readonly expectedPods: number
  readonly desiredHealthy: number
}

/** Whether the demand is a share of what the owners of the pods want, which must be found out. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string'
}

/** `expected` is the number of pods there should be; it counts where a share is asked for. */
export function demandOf({ spec }: PodDisruptionBudget, pods: number, expected: number): Demand {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined) {
    const desiredHealthy = expected - scaledValue(maxUnavailable, expected, true)
    return { expectedPods: expected, desiredHealthy: Math.max(0, desiredHealthy) }
  }
  if (typeof minAvailable === 'string') {
    return { expectedPods: expected, desiredHealthy: scaledValue(minAvailable, expected, true) }
  }
  return { expectedPods: pods, desiredHealthy: minAvailable ?? 0 }
}

/** The evictions that were granted and are not yet seen, by pod. */
export interface Disrupted {
  readonly pods: Readonly<Record<string, string>>
  /** Pods that were to be evicted and were not. */
  readonly late: readonly Pod[]
  /** When the next of them is late; undefined where none can be. */
  readonly againAfterMs: number | undefined
}

export function disruptedPods(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): Disrupted {
  const kept: Record<string, string> = {}
  const late: Pod[] = []
  let againAfterMs: number | undefined
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata
    const time = status.disruptedPods?.[name]
    if (deletionTimestamp !== undefined || time === undefined || time === null) continue
    const leftMs = (parseTime(time) ?? 0) + deletionTimeoutMs - nowMs
    if (leftMs < 0) late.push(pod)
    else {
      kept[name] = time
      againAfterMs = Math.min(againAfterMs ?? Infinity, leftMs + 1)
    }
  }
  return { pods: kept, late, againAfterMs }
}

/** Pods that are ready and mean to stay. */
export function healthyPods(pods: readonly Pod[], disrupted: Disrupted['pods']): number {
  let healthy = 0
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata
    if (deletionTimestamp !== undefined || Object.hasOwn(disrupted, name)) continue
    if (isPodReady(pod)) healthy++
  }
  return healthy
}

/** The status the budget should have, undefined where it has it. */
export function budgetStatus(
  { metadata, status }: PodDisruptionBudget,
  { expectedPods, desiredHealthy }: Demand,
  currentHealthy: number,
  disrupted: Disrupted['pods'],
  nowMs: number,
): Status | undefined {
  // Where no pods are expected yet, the first ones must not be evicted before they are counted.
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  const { generation = 0 } = metadata
  const isAllowed = disruptionsAllowed > 0
  const condition = {
    type: disruptionAllowed,
    status: isAllowed ? 'True' : 'False',
    observedGeneration: generation,
    reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  } as const
  const { conditions, disruptedPods: _, ...rest } = status
  const next: Status = {
    ...rest,
    observedGeneration: generation,
    ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: withCondition(conditions, condition, nowMs),
  }
  return equalJson(next, status) ? undefined : next
}

/** The status of a budget that cannot be computed: nothing may be evicted. */
export function failedStatus(
  { status }: PodDisruptionBudget,
  message: string,
  nowMs: number,
): Status | undefined {
  const condition = {
    type: disruptionAllowed,
    status: 'False',
    ...(status.observedGeneration !== undefined && {
      observedGeneration: status.observedGeneration,
    }),
    reason: 'SyncFailed',
    message,
  } as const
  const conditions = withCondition(status.conditions, condition, nowMs)
  const next = { ...status, disruptionsAllowed: 0, conditions }
  return equalJson(next, status) ? undefined : next
}

const disruptionAllowed = 'DisruptionAllowed'

function withCondition(
  conditions: readonly Condition[] = [],
  wanted: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): readonly Condition[] {
  const at = conditions.findIndex(({ type }) => type === wanted.type)
  const old = conditions[at]
  const lastTransitionTime =
    old?.status === wanted.status ? old.lastTransitionTime : formatTime(nowMs)
  const condition = { ...wanted, lastTransitionTime }
  return old === undefined ? [...conditions, condition] : conditions.with(at, condition)
}
