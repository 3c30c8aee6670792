import type { Pod } from '#api'
import { uidOf } from '../pods/observed.ts'
import type { ContainerBrief, Sandbox } from '../runtime/runtime.ts'
import { HttpError } from './reply.ts'
import type { ContainerTarget, PodTarget } from './routes.ts'
import type { ServedNode } from './served-node.ts'

/** The pod of a request to run something in. Throws an HttpError in upstream's words. */
export function podOf(node: ServedNode, { namespace, pod }: PodTarget): Pod {
  const found = node.pod(namespace, pod)
  if (found === undefined) throw new HttpError(404, 'pod does not exist')
  return found
}

/** The container that runs under a name now. Rejects with an HttpError in upstream's words. */
export async function runningContainer(
  node: ServedNode,
  target: ContainerTarget,
): Promise<ContainerBrief> {
  const uid = uidOf(podOf(node, target))
  const isMeant = target.uid === undefined || target.uid === uid
  const all = isMeant ? await node.runtime.containers(uid) : []
  const found = all.find(({ name, state }) => name === target.container && state === 'running')
  if (found === undefined) throw new HttpError(500, `container not found ("${target.container}")`)
  return found
}

/** The sandbox that runs for a pod now. */
export async function runningSandbox(node: ServedNode, target: PodTarget): Promise<Sandbox> {
  const uid = uidOf(podOf(node, target))
  if (target.uid !== undefined && target.uid !== uid) throw new HttpError(404, 'pod not found')
  const found = (await node.runtime.sandboxes(uid)).find(({ ready }) => ready)
  if (found === undefined) {
    const { namespace, pod } = target
    throw new HttpError(500, `failed to find sandbox for pod "${pod}_${namespace}"`)
  }
  return found
}

/** Whether a pod's spec names a container of any sort so. */
export function hasContainer({ spec }: Pod, name: string): boolean {
  const isMeant = (container: { readonly name: string }) => container.name === name
  return (
    spec.containers?.some(isMeant) === true ||
    spec.initContainers?.some(isMeant) === true ||
    spec.ephemeralContainers?.some(isMeant) === true
  )
}
