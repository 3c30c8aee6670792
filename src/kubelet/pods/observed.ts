import type { Container, Pod } from '#api'
import { must } from '#base'
import type { ContainerStatus, Runtime, SandboxStatus } from '../runtime/runtime.ts'

/** What the runtime has of one pod. */
export interface ObservedPod {
  /** The newest first. */
  readonly sandboxes: readonly SandboxStatus[]
  /** Of all sandboxes and attempts, the newest first. */
  readonly containers: readonly ContainerStatus[]
}

/** Asks the runtime about a pod. What goes away meanwhile is left out. */
export async function observe(runtime: Runtime, podUid: string): Promise<ObservedPod> {
  const [sandboxes, briefs] = await Promise.all([
    runtime.sandboxes(podUid),
    runtime.containers(podUid),
  ])
  const [statuses, containers] = await Promise.all([
    Promise.all(sandboxes.map(({ id }) => runtime.sandboxStatus(id).catch(ifNotFound))),
    Promise.all(
      briefs.map(async ({ id, sandboxId }) => {
        const status = await runtime.containerStatus(id).catch(ifNotFound)
        return status === undefined ? undefined : { ...status, sandboxId }
      }),
    ),
  ])
  return {
    sandboxes: statuses.filter((status) => status !== undefined),
    containers: containers.filter((status) => status !== undefined),
  }
}

function ifNotFound(error: unknown): undefined {
  if (error instanceof Error && 'reason' in error && error.reason === 'NotFound') return undefined
  throw error
}

/** The newest container of that name. */
export function newest(observed: ObservedPod, name: string): ContainerStatus | undefined {
  return observed.containers.find((container) => container.name === name)
}

/** The one before the newest. */
export function previous(observed: ObservedPod, name: string): ContainerStatus | undefined {
  return observed.containers.filter((container) => container.name === name)[1]
}

export function containersOf(pod: Pod): readonly Container[] {
  return must(pod.spec.containers, 'validation sees to it that a pod has containers')
}

export function initContainersOf(pod: Pod): readonly Container[] {
  return pod.spec.initContainers ?? []
}

/** Those that somebody has put into a pod to look into it; they have neither ports nor probes. */
export function ephemeralContainersOf(pod: Pod): readonly Container[] {
  const found = pod.spec.ephemeralContainers ?? []
  // The API has a type of its own for them, whose fields mean the same.
  return found as readonly Container[]
}

/** An init container that goes on running beside the others (KEP-753). */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

/** `name_namespace(uid)`, as upstream writes pods in messages. */
export function podText(pod: Pod): string {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  return `${name}_${namespace}(${uid})`
}

export function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? ''
}
