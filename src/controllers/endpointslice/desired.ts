import type { Endpoint, EndpointSlicePort, Node, Pod, Service } from '#api'
import { isPodReady } from '../pods/pod-state.ts'
import {
  familyOf,
  hasEndpoint,
  hostnameOf,
  podIpsOf,
  podReference,
  servedPorts,
  type IpFamily,
} from '../service-endpoints/pods.ts'
import { headlessLabel, isHeadless } from '../service-endpoints/services.ts'
import { portsKey, type PortGroup } from './packing.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const managedBy = 'endpointslice-controller.k8s.io'
export const zoneLabel = 'topology.kubernetes.io/zone'

/** The address families a service has slices of. */
export function familiesOf({ spec }: Service): readonly IpFamily[] {
  const families = (spec.ipFamilies ?? []).filter((family) => family !== '')
  if (families.length > 0) return families
  // Made before services told: their address does, and without one both could be meant.
  const family = familyOf(spec.clusterIP ?? '')
  return family === undefined ? ['IPv4', 'IPv6'] : [family]
}

export interface DesiredEndpoints {
  readonly groups: readonly PortGroup[]
  /** Nodes that pods name and nobody knows; the pods are left out until somebody does. */
  readonly missingNodes: ReadonlySet<string>
}

/** The endpoints a service should have in a family, by the ports they serve. */
export function desiredEndpoints(
  service: Service,
  family: IpFamily,
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): DesiredEndpoints {
  const groups = new Map<string, { ports: EndpointSlicePort[]; endpoints: Endpoint[] }>()
  const missingNodes = new Set<string>()
  for (const pod of pods) {
    if (!hasEndpoint(pod, { includeTerminating: true })) continue
    const { nodeName = '' } = pod.spec
    const node = nodeOf(nodeName)
    if (node === undefined && service.spec.publishNotReadyAddresses !== true) {
      missingNodes.add(nodeName)
      continue
    }
    const addresses = podIpsOf(pod, family)
    if (addresses.length === 0) continue
    const ports = servedPorts(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    groups.set(key, group)
    group.endpoints.push(endpointOf(service, pod, addresses, node))
  }
  return { groups: [...groups.values()], missingNodes }
}

function endpointOf(
  service: Service,
  pod: Pod,
  addresses: readonly string[],
  node: Node | undefined,
): Endpoint {
  const serving = isPodReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const publishes = service.spec.publishNotReadyAddresses === true
  const { nodeName = '' } = pod.spec
  const zone = node?.metadata.labels?.[zoneLabel] ?? ''
  const hostname = hostnameOf(pod, service)
  return {
    addresses,
    conditions: { ready: publishes || (serving && !terminating), serving, terminating },
    targetRef: podReference(pod),
    ...(nodeName !== '' && { nodeName }),
    ...(zone !== '' && { zone }),
    ...(hostname !== undefined && { hostname }),
  }
}

const reserved: ReadonlySet<string> = new Set([serviceNameLabel, managedByLabel, headlessLabel])

/** The service's labels, and those that tell what the slices are. */
export function sliceLabels(service: Service): Readonly<Record<string, string>> {
  const { name = '', labels = {} } = service.metadata
  const own = Object.entries(labels).filter(([key]) => !reserved.has(key))
  return {
    ...Object.fromEntries(own),
    ...(isHeadless(service) && { [headlessLabel]: '' }),
    [serviceNameLabel]: name,
    [managedByLabel]: managedBy,
  }
}
