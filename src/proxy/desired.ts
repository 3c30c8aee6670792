import type { EndpointSlice, Service } from '#api'
import { endpointsOf, portKey } from './endpoints.ts'
import { familyNames, type Family } from './family.ts'
import { serviceRules, type OwnRules } from './rules/service-rules.ts'
import { isExternal, servicePorts } from './service-ports.ts'
import { mergeTargets, udpTargets, type UdpTargets } from './stale-flows.ts'
import { reachable, type Place } from './topology.ts'

/** What the proxy knows of its node, in one family. */
export interface NodeFacts extends Place {
  readonly family: Family
  readonly nodeIps: readonly string[]
  /** Whether the ranges of pods are known. */
  readonly knowsPods: boolean
}

/** What should be true of one Service on this node. */
export interface Desired {
  /** RFC 3339 of the Service's creation. */
  readonly since: string
  readonly rules: OwnRules
  /** Undefined where no UDP flow is to be looked after. */
  readonly udp: UdpTargets | undefined
  /** Ports whose policy is Local, and whose endpoints are all elsewhere. */
  readonly withoutLocal: { readonly internal: number; readonly external: number }
  /** Ready endpoints on this node, as load balancers are told. */
  readonly readyHere: number
}

/** From the Service and all of its slices; undefined where there is nothing to proxy. Pure. */
export function desiredOf(
  service: Service,
  slices: readonly EndpointSlice[],
  node: NodeFacts,
): Desired | undefined {
  const ports = servicePorts(service, node.family)
  if (ports.length === 0) return undefined
  const endpoints = endpointsOf(slices, node.family, node.nodeName)
  const routed = ports.map((port) => {
    const behind = endpoints.get(portKey(port.protocol, port.portName)) ?? []
    return { port, behind, reachable: reachable(port, behind, node) }
  })
  const udp = routed
    .map(({ port, behind }) => udpTargets(port, behind))
    .filter((targets) => targets !== undefined)
  const elsewhere = routed.filter(
    ({ reachable: { local, hasAny } }) => hasAny && local.length === 0,
  )
  const readyHere = routed.flatMap(({ behind }) =>
    behind.filter(({ ready, isLocal }) => ready && isLocal).map(({ ip }) => ip),
  )
  const { ip } = familyNames[node.family]
  return {
    since: service.metadata.creationTimestamp ?? '',
    rules: serviceRules(routed, { ip, knowsPods: node.knowsPods, nodeIps: node.nodeIps }),
    udp: udp.length === 0 ? undefined : mergeTargets(udp),
    withoutLocal: {
      internal: elsewhere.filter(({ port }) => port.internalPolicy === 'Local').length,
      external: elsewhere.filter(({ port }) => port.externalPolicy === 'Local' && isExternal(port))
        .length,
    },
    readyHere: new Set(readyHere).size,
  }
}
