import type {
  Affinity,
  Container,
  ContainerStatus,
  Pod,
  Toleration,
  TopologySpreadConstraint,
} from '#api'
import type { Labels } from '#machinery'
import { affinityTerms, type AffinityTerms } from './affinity-terms.ts'
import { isInfeasible, podRequests, podRequestsForScoring, type Amounts } from './pod-requests.ts'
import { shapesMax } from './limits.ts'

/** A port on the node that a container asks for. */
export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/**
 * What decides where a pod may go, and where others may go that look at it, apart from what it is
 * called: pods of one Deployment have the same shape, and the same shape is one object. So what is
 * derived from a shape is derived once.
 */
export interface PodShape {
  readonly namespace: string
  readonly labels: Labels
  /** Who makes pods like it. */
  readonly controller: Owner | undefined
  readonly requests: Amounts
  readonly scoringRequests: Amounts
  readonly hostPorts: readonly HostPort[]
  /** Of containers and init containers, each as often as it occurs. */
  readonly images: readonly string[]
  readonly nodeSelector: Readonly<Record<string, string>>
  readonly affinity: Affinity | undefined
  /** What `affinity` says of other pods. */
  readonly terms: AffinityTerms
  readonly spreadConstraints: readonly TopologySpreadConstraint[]
  readonly tolerations: readonly Toleration[]
  readonly priority: number
}

export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
}

/** A pod as the scheduler sees it: one version of it, with what was worked out about it. */
export interface PodInfo {
  readonly pod: Pod
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly shape: PodShape
}

/** Makes PodInfos, and one shape for all pods that are alike. */
export class PodInfos {
  readonly #shapes = new Map<string, PodShape>()

  of(pod: Pod): PodInfo {
    const { uid = '', namespace = '', name = '' } = pod.metadata
    return { pod, uid, namespace, name, shape: this.#shapeOf(pod) }
  }

  #shapeOf(pod: Pod): PodShape {
    const key = keyOf(pod)
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    // Shapes in use stay with their pods; only new pods no longer meet them here.
    if (this.#shapes.size >= shapesMax) this.#shapes.clear()
    const shape = shapeOf(pod)
    this.#shapes.set(key, shape)
    return shape
  }
}

export function qualifiedName({ namespace, name }: PodInfo): string {
  return `${namespace}/${name}`
}

/** Neither Succeeded nor Failed: it takes resources, or will. */
export function isActive({ status }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed'
}

/** All that `shapeOf` reads. */
function keyOf(pod: Pod): string {
  const { metadata, spec, status } = pod
  const partOf = ({ name, resources, image, ports, restartPolicy }: Container) => [
    name,
    resources.requests,
    image,
    ports,
    restartPolicy,
  ]
  const resourcesOf = ({ name, resources, allocatedResources }: ContainerStatus) =>
    resources === undefined && allocatedResources === undefined
      ? null
      : [name, resources?.requests, allocatedResources]
  return JSON.stringify([
    metadata.namespace,
    metadata.labels,
    controllerOf(pod),
    spec.topologySpreadConstraints,
    spec.containers?.map(partOf),
    spec.initContainers?.map(partOf),
    spec.resources?.requests,
    spec.overhead,
    spec.nodeSelector,
    spec.affinity,
    spec.tolerations,
    spec.priority,
    status.containerStatuses?.map(resourcesOf),
    status.initContainerStatuses?.map(resourcesOf),
    isInfeasible(pod),
  ])
}

function shapeOf(pod: Pod): PodShape {
  const { metadata, spec } = pod
  const { namespace = '', labels = {} } = metadata
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  return {
    namespace,
    labels,
    controller: controllerOf(pod),
    requests: podRequests(pod),
    scoringRequests: podRequestsForScoring(pod),
    hostPorts: hostPortsOf(pod),
    images: all.flatMap(({ image }) => (image === undefined ? [] : [image])),
    nodeSelector: spec.nodeSelector ?? {},
    affinity: spec.affinity,
    terms: affinityTerms(spec.affinity, namespace),
    spreadConstraints: spec.topologySpreadConstraints ?? [],
    tolerations: spec.tolerations ?? [],
    priority: spec.priority ?? 0,
  }
}

function controllerOf({ metadata }: Pod): Owner | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return undefined
  const { apiVersion, kind, name } = owner
  return { apiVersion, kind, name }
}

/** Of containers and sidecars: other init containers have ended when the pod serves. */
function hostPortsOf({ spec }: Pod): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')
  const ports: HostPort[] = []
  for (const container of [...(spec.containers ?? []), ...sidecars]) {
    for (const { hostPort = 0, hostIP, protocol } of container.ports ?? []) {
      if (hostPort <= 0) continue
      ports.push({
        ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP,
        protocol,
        port: hostPort,
      })
    }
  }
  return ports
}
