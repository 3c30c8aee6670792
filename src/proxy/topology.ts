import type { ProxyEndpoint } from './endpoints.ts'
import { isExternal, type ServicePort } from './service-ports.ts'

/** Where the proxy stands. */
export interface Place {
  readonly nodeName: string
  /** topology.kubernetes.io/zone of the node; '' where it has none. */
  readonly zone: string
}

/** The endpoints that packets may go to from this node. */
export interface Reachable {
  /** By traffic policy Cluster; empty where the port never goes by it. */
  readonly cluster: readonly ProxyEndpoint[]
  /** By traffic policy Local; empty where the port never goes by it. */
  readonly local: readonly ProxyEndpoint[]
  /** Whether there is one anywhere in the cluster, be it out of reach from here. */
  readonly hasAny: boolean
}

/**
 * Ready endpoints, and where there are none those that serve on while they terminate: for both
 * policies on their own. Hints that are not about all ready endpoints, or that would leave this node
 * without any, are ignored.
 */
export function reachable(
  port: ServicePort,
  endpoints: readonly ProxyEndpoint[],
  place: Place,
): Reachable {
  const isLocalOutside = port.externalPolicy === 'Local' && isExternal(port)
  // Pods come by policy Cluster to what is local to those outside.
  const usesCluster = port.internalPolicy === 'Cluster' || isExternal(port)
  const usesLocal = port.internalPolicy === 'Local' || isLocalOutside
  const usable = usableOf(endpoints)
  return {
    cluster: usesCluster ? nearest(usable, place) : [],
    local: usesLocal ? usableOf(endpoints.filter(({ isLocal }) => isLocal)) : [],
    hasAny: usable.length > 0,
  }
}

function usableOf(endpoints: readonly ProxyEndpoint[]): readonly ProxyEndpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  if (ready.length > 0) return ready
  return endpoints.filter(({ serving, terminating }) => serving && terminating)
}

/** Of those for this node, else of those for its zone, else all. */
function nearest(usable: readonly ProxyEndpoint[], place: Place): readonly ProxyEndpoint[] {
  if (usable[0]?.ready !== true) return usable
  if (usable.every(({ nodeHints }) => nodeHints.length > 0)) {
    const here = usable.filter(({ nodeHints }) => nodeHints.includes(place.nodeName))
    if (here.length > 0) return here
  }
  if (usable.every(({ zoneHints }) => zoneHints.length > 0)) {
    const near = usable.filter(({ zoneHints }) => zoneHints.includes(place.zone))
    if (near.length > 0) return near
  }
  return usable
}
