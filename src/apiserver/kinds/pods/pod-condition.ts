import type { Pod, PodCondition } from '#api'
import type { Mutable } from '#machinery'

/** Sets a condition; its transition time moves only when its status does. */
export function setPodCondition(
  pod: Mutable<Pod>,
  condition: Pick<PodCondition, 'type' | 'status'> & Partial<PodCondition>,
  now: string,
): void {
  const conditions = pod.status.conditions ?? []
  const before = conditions.find(({ type }) => type === condition.type)
  const lastTransitionTime =
    before?.status === condition.status ? (before.lastTransitionTime ?? now) : now
  const made = { ...condition, lastProbeTime: null, lastTransitionTime }
  pod.status.conditions =
    before === undefined
      ? [...conditions, made]
      : conditions.map((one) => (one === before ? made : one))
}
