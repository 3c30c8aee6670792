import type { Node } from '#api'
import { notReadyKey, unreachableKey, type TaintChange, type TaintKind } from '../nodes/taints.ts'

const unschedulableKey = 'node.kubernetes.io/unschedulable'

/** The taint that keeps new pods from a node, for each condition and what it says. */
const keysByCondition: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyKey, Unknown: unreachableKey },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
}

const managedKeys: ReadonlySet<string> = new Set([
  unschedulableKey,
  ...Object.values(keysByCondition).flatMap((keys) => Object.values(keys)),
])

/** What makes the NoSchedule taints of a node those of its conditions. Others stay as they are. */
export function noScheduleChange({ spec, status }: Node): TaintChange {
  const wanted = new Set<string>()
  for (const condition of status.conditions ?? []) {
    const key = keysByCondition[condition.type]?.[condition.status]
    if (key !== undefined) wanted.add(key)
  }
  if (spec.unschedulable === true) wanted.add(unschedulableKey)
  const present = (spec.taints ?? []).filter(
    ({ key, effect }) => effect === 'NoSchedule' && managedKeys.has(key),
  )
  return {
    add: [...wanted]
      .filter((key) => !present.some((taint) => taint.key === key))
      .map((key): TaintKind => ({ key, effect: 'NoSchedule' })),
    remove: present.filter(({ key }) => !wanted.has(key)),
  }
}
