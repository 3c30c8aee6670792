import type { Container, Pod } from '#api'
import { equalJson } from '#machinery'
import type { LinuxResources } from '../runtime/config.ts'
import type { ContainerStatus } from '../runtime/runtime.ts'
import { overdraftOf, type NodeRoom } from './node-admission.ts'
import { containersOf, initContainersOf } from './observed.ts'
import type { Waiting } from './pod-status.ts'

/** A pod as its node runs it, and why that is not yet how it is wanted. */
export interface Allocation {
  /** The wanted pod, but with the resources that it has been given. */
  readonly pod: Pod
  readonly pending: Waiting | undefined
}

/**
 * What a node gives a pod whose resources may have been changed (KEP-1287): what is wanted where
 * there is room for it, else what the pod has had. Pure.
 */
export function allocate(
  wanted: Pod,
  had: Pod,
  { allocatable, pods }: Pick<NodeRoom, 'allocatable'> & { readonly pods: () => readonly Pod[] },
): Allocation {
  const kept = withResources(wanted, had)
  if (equalJson(kept.spec, wanted.spec)) return { pod: wanted, pending: undefined }
  const never = overdraftOf(wanted, { allocatable, pods: [] })
  if (never !== undefined) {
    const { name, requested, capacity } = never
    const amounts = `requested: ${requested}, capacity: ${capacity}`
    const message = `Node didn't have enough capacity: ${name}, ${amounts}`
    return { pod: kept, pending: { reason: 'Infeasible', message } }
  }
  const now = overdraftOf(wanted, { allocatable, pods: pods() })
  if (now === undefined) return { pod: wanted, pending: undefined }
  return { pod: kept, pending: { reason: 'Deferred', message: now.message } }
}

/** What a pod had been given when its status was written last, for a kubelet that starts again. */
export function allocatedBefore(pod: Pod): Pod {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status
  const statuses = [...initContainerStatuses, ...containerStatuses]
  return mapContainers(pod, (container) => {
    const status = statuses.find(({ name }) => name === container.name)
    const limits = status?.resources?.limits
    const requests = status?.allocatedResources
    if (status?.resources === undefined) return container
    return {
      ...container,
      resources: {
        ...container.resources,
        ...(limits === undefined ? {} : { limits }),
        ...(requests === undefined ? {} : { requests }),
      },
    }
  })
}

function withResources(pod: Pod, from: Pod): Pod {
  const before = [...initContainersOf(from), ...containersOf(from)]
  return mapContainers(pod, (container) => {
    const found = before.find(({ name }) => name === container.name)
    return found === undefined ? container : { ...container, resources: found.resources }
  })
}

function mapContainers(pod: Pod, change: (container: Container) => Container): Pod {
  const { initContainers } = pod.spec
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containersOf(pod).map(change),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(change) }),
    },
  }
}

/** What of a running container's resources is not as it should be. */
export function outdatedResources(
  { resources }: ContainerStatus,
  wanted: LinuxResources,
): readonly ('cpu' | 'memory')[] {
  if (resources === undefined) return []
  const differs = (name: keyof LinuxResources) =>
    wanted[name] !== 0 && resources[name] !== wanted[name]
  const cpu = differs('cpuShares') || differs('cpuQuota')
  const memory = differs('memoryLimitInBytes')
  return [...(cpu ? (['cpu'] as const) : []), ...(memory ? (['memory'] as const) : [])]
}

/** Whether a container has to be started again to have these of its resources changed. */
export function resizeRestarts(container: Container, changed: readonly string[]): boolean {
  return (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  )
}
