import type { Quantity } from '#machinery'
import type { ResourceList } from './resource-list.ts'
import { addResources, raiseResources } from './resource-list.ts'

interface WithResources {
  readonly resources: { readonly requests?: ResourceList; readonly limits?: ResourceList }
  readonly restartPolicy?: string | undefined
}

interface PodContainers {
  readonly containers: readonly WithResources[] | null
  readonly initContainers?: readonly WithResources[]
}

/**
 * What the containers of a pod together need at once (KEP-753): all containers and sidecars run
 * beside each other, an init container beside the sidecars that were started before it.
 */
export function aggregateContainers(
  spec: PodContainers,
  which: 'requests' | 'limits',
): ReadonlyMap<string, Quantity> {
  const together = new Map<string, Quantity>()
  for (const container of spec.containers ?? []) addResources(together, container.resources[which])
  const sidecars = new Map<string, Quantity>()
  const peak = new Map<string, Quantity>()
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      addResources(together, container.resources[which])
      addResources(sidecars, container.resources[which])
      raiseResources(peak, sidecars)
    } else {
      const beside = new Map(sidecars)
      addResources(beside, container.resources[which])
      raiseResources(peak, beside)
    }
  }
  raiseResources(together, peak)
  return together
}

/** Resources that may be asked for by the pod as a whole (KEP-2837). */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')
}

export type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed'

/** The class that decides who is evicted first; from CPU and memory only. */
export function podQosClass(
  spec: PodContainers & { readonly resources?: WithResources['resources'] },
): QosClass {
  if (spec.resources !== undefined) return qosOf([spec.resources])
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  return qosOf(all.map((container) => container.resources))
}

function qosOf(all: readonly WithResources['resources'][]): QosClass {
  const isSet = (list: ResourceList | undefined, name: string) =>
    list?.[name] !== undefined && list[name] !== '0'
  const names = ['cpu', 'memory']
  const used = all.some(({ requests, limits }) =>
    names.some((name) => isSet(requests, name) || isSet(limits, name)),
  )
  if (!used) return 'BestEffort'
  const guaranteed = all.every(({ requests, limits }) =>
    names.every(
      (name) =>
        isSet(limits, name) && (!isSet(requests, name) || requests?.[name] === limits?.[name]),
    ),
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}
