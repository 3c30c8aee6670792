import type { ServicePort, ServiceSpec } from '#api'
import { equalJson, type Mutable } from '#machinery'

/** Pure: what a Service's fields mean for allocation, and how an update carries them over. */

type Spec = Mutable<ServiceSpec>

export function needsClusterIp({ type, clusterIP = '' }: Spec | ServiceSpec): boolean {
  return type !== 'ExternalName' && clusterIP !== 'None'
}

export function hasClusterIpFields({ type }: Spec | ServiceSpec): boolean {
  return type !== 'ExternalName'
}

export function needsNodePorts({
  type,
  allocateLoadBalancerNodePorts,
}: Spec | ServiceSpec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
}

export function needsHealthCheckPort({ type, externalTrafficPolicy }: Spec | ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}

/**
 * Brings an update together with what was allocated before: what the client left out stays, what a
 * change of type makes void goes, and clusterIP and clusterIPs agree.
 */
export function settleFields(next: Spec, old: ServiceSpec | undefined): void {
  if (old !== undefined) {
    keepAllocated(next, old)
    dropForType(next, old)
    dropForSingleStack(next, old)
  }
  alignClusterIps(next, old)
}

function keepAllocated(next: Spec, old: ServiceSpec): void {
  if (hasClusterIpFields(next) && hasClusterIpFields(old)) {
    if ((next.clusterIP ?? '') === '' && old.clusterIP !== undefined) next.clusterIP = old.clusterIP
    const same = next.clusterIP === old.clusterIP
    if (same && (next.clusterIPs ?? []).length === 0) next.clusterIPs = [...(old.clusterIPs ?? [])]
  }
  if (isExposed(next) && isExposed(old)) keepNodePorts(next, old)
  if (needsHealthCheckPort(next) && needsHealthCheckPort(old)) {
    next.healthCheckNodePort ||= old.healthCheckNodePort ?? 0
  }
}

/** By the port's name: its other properties may have changed. */
function keepNodePorts(next: Spec, old: ServiceSpec): void {
  const before = new Map((old.ports ?? []).map(({ name = '', nodePort = 0 }) => [name, nodePort]))
  const given = new Set((next.ports ?? []).map(({ nodePort = 0 }) => nodePort))
  for (const port of next.ports ?? []) {
    const known = before.get(port.name ?? '') ?? 0
    if ((port.nodePort ?? 0) !== 0 || known === 0 || given.has(known)) continue
    port.nodePort = known
    given.add(known)
  }
}

function dropForType(next: Spec, old: ServiceSpec): void {
  if (hasClusterIpFields(old) && !hasClusterIpFields(next)) {
    if (equalJson(next.clusterIPs ?? [], old.clusterIPs ?? [])) {
      delete next.clusterIP
      delete next.clusterIPs
    }
    if (equalJson(next.ipFamilies ?? [], old.ipFamilies ?? [])) delete next.ipFamilies
    if (next.ipFamilyPolicy === old.ipFamilyPolicy) delete next.ipFamilyPolicy
  }
  if (isExposed(old) && !isExposed(next) && sameNodePorts(next, old)) {
    for (const port of next.ports ?? []) delete port.nodePort
  }
  if (old.type === 'LoadBalancer' && next.type !== 'LoadBalancer') {
    if (next.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) {
      delete next.allocateLoadBalancerNodePorts
    }
    if (next.loadBalancerClass === old.loadBalancerClass) delete next.loadBalancerClass
  }
  const samePolicy = next.externalTrafficPolicy === old.externalTrafficPolicy
  if (takesExternalTraffic(old) && !takesExternalTraffic(next) && samePolicy) {
    delete next.externalTrafficPolicy
  }
  const samePort = next.healthCheckNodePort === old.healthCheckNodePort
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(next) && samePort) {
    delete next.healthCheckNodePort
  }
}

/** A Service that goes from two families to one keeps its first address. */
function dropForSingleStack(next: Spec, old: ServiceSpec): void {
  if (next.ipFamilyPolicy !== 'SingleStack' || old.ipFamilyPolicy === 'SingleStack') return
  if (next.clusterIPs?.length === 2 && equalJson(next.clusterIPs, old.clusterIPs)) {
    next.clusterIPs = next.clusterIPs.slice(0, 1)
  }
  if (next.ipFamilies?.length === 2 && equalJson(next.ipFamilies, old.ipFamilies)) {
    next.ipFamilies = next.ipFamilies.slice(0, 1)
  }
}

/** Older clients write clusterIP only. */
function alignClusterIps(next: Spec, old: ServiceSpec | undefined): void {
  const address = next.clusterIP ?? ''
  const addresses = next.clusterIPs ?? []
  if (old === undefined) {
    if (address !== '' && addresses.length === 0) next.clusterIPs = [address]
    return
  }
  if (address !== (old.clusterIP ?? '')) {
    if (!equalJson(addresses, old.clusterIPs ?? [])) return
    if (address === '') delete next.clusterIPs
    else next.clusterIPs = [address]
    return
  }
  const [first] = addresses
  if (first === undefined) delete next.clusterIP
  else next.clusterIP = first
}

function isExposed({ type }: Spec | ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer'
}

function takesExternalTraffic(spec: Spec | ServiceSpec): boolean {
  return isExposed(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)
}

function sameNodePorts(next: Spec, old: ServiceSpec): boolean {
  return equalJson(nodePortsOf(next.ports), nodePortsOf(old.ports))
}

export function nodePortsOf(ports: readonly ServicePort[] | undefined): readonly number[] {
  return (ports ?? []).map(({ nodePort = 0 }) => nodePort).filter((port) => port !== 0)
}
