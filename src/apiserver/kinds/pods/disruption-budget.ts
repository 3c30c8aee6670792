import { formatTime } from '#base'
import { PodDisruptionBudget, type Pod } from '#api'
import { errors, mutable, selectorFromObject, StatusError, type Mutable } from '#machinery'
import { everything } from '../../cache/filter.ts'
import { select } from '../../cache/resource-cache.ts'
import type { Call } from '../../registry/call.ts'
import { callOf, rewrite } from '../rewrite.ts'

/** Evictions that the budget's controller has not confirmed; upstream's bound. */
const disruptedPodsMax = 2000
const budgets = { group: 'policy', resource: 'poddisruptionbudgets' }
const insufficientPods = 'InsufficientPods'

/** The budgets that a pod counts in. One without labels counts in none. */
export function budgetsOf({ registry }: Call, { metadata }: Pod): readonly PodDisruptionBudget[] {
  const { labels = {}, namespace = '' } = metadata
  if (Object.keys(labels).length === 0) return []
  const found: PodDisruptionBudget[] = []
  const snapshot = registry.cache.cache(PodDisruptionBudget).snapshot()
  for (const entry of select(snapshot, PodDisruptionBudget, { ...everything, namespace })) {
    const budget = entry.object as PodDisruptionBudget
    if (selectorFromObject(budget.spec.selector).matches(labels)) found.push(budget)
  }
  return found
}

/** Whether a pod that is not ready may go without being counted (KEP-3017). */
export function sparesUnready({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const ready = pod.status.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True') return false
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  return status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0
}

/** Takes one disruption from a budget, or refuses as upstream does. A dry run only looks. */
export async function spendDisruption(
  call: Call,
  { metadata }: PodDisruptionBudget,
  pod: Pod,
  dryRun: boolean,
): Promise<void> {
  const { namespace = '', name = '' } = metadata
  const target = callOf(call, PodDisruptionBudget, namespace, name)
  const now = formatTime(call.registry.clock.now())
  await rewrite(target, (current) => {
    const budget = current as PodDisruptionBudget
    check(budget)
    return dryRun ? undefined : spent(budget, pod.metadata.name ?? '', now)
  })
}

function check({ metadata, status }: PodDisruptionBudget): void {
  const { name = '', generation = 0 } = metadata
  if ((status.observedGeneration ?? 0) < generation) {
    throw violates(`The disruption budget ${name} is still being processed by the server.`, 10)
  }
  if (status.disruptionsAllowed < 0) {
    throw errors.forbidden(budgets, name, 'pdb disruptions allowed is negative')
  }
  if (Object.keys(status.disruptedPods ?? {}).length > disruptedPodsMax) {
    throw errors.forbidden(
      budgets,
      name,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    )
  }
  if (status.disruptionsAllowed > 0) return
  const condition = status.conditions?.find(({ type }) => type === 'DisruptionAllowed')
  throw violates(
    condition?.reason === 'SyncFailed'
      ? `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message}`
      : `The disruption budget ${name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`,
    0,
  )
}

/** 429 with the cause by which drain recognises budgets. */
function violates(message: string, retryAfterSeconds: number): StatusError {
  const { status } = errors.tooManyRequests(
    "Cannot evict pod as it would violate the pod's disruption budget.",
    retryAfterSeconds,
  )
  const causes = [{ reason: 'DisruptionBudget', message }]
  return new StatusError({ ...status, details: { ...status.details, causes } })
}

function spent(
  budget: PodDisruptionBudget,
  podName: string,
  now: string,
): Mutable<PodDisruptionBudget> {
  const draft = mutable(budget)
  const { status } = draft
  status.disruptionsAllowed -= 1
  if (status.disruptionsAllowed === 0) {
    const others = (status.conditions ?? []).filter(({ type }) => type !== 'DisruptionAllowed')
    const before = status.conditions?.find(({ type }) => type === 'DisruptionAllowed')
    const observedGeneration = status.observedGeneration ?? 0
    status.conditions = [
      ...others,
      {
        type: 'DisruptionAllowed',
        status: 'False',
        reason: insufficientPods,
        message: '',
        lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
        observedGeneration,
      },
    ]
  }
  status.disruptedPods = { ...status.disruptedPods, [podName]: now }
  return draft
}
