import { parseIp } from '#machinery'
import type { Name } from '../wire/name.ts'
import type { Address, Ports, ServiceIndex, ServiceName } from './service-index.ts'

/** What a name of the cluster's domain stands for. */
export type Found =
  /** No such name, and none below it. */
  | { readonly is: 'absent' }
  /** The name exists without records: others are below it. */
  | { readonly is: 'empty' }
  | { readonly is: 'alias'; readonly target: Name }
  | { readonly is: 'targets'; readonly targets: readonly Target[] }
  | { readonly is: 'version' }
  | { readonly is: 'name server' }

/** Something that listens: a Service at its own addresses, an endpoint, a pod. */
export interface Target {
  /** Under which its addresses are found, below the domain. */
  readonly name: Name
  readonly addresses: readonly Address[]
  /** Those that were asked for. */
  readonly ports: readonly number[]
}

const absent: Found = { is: 'absent' }
const empty: Found = { is: 'empty' }

/** The name below the domain, in lower case. */
export function lookUp(index: ServiceIndex, name: Name): Found {
  const [last] = name.slice(-1)
  if (last === undefined) return empty
  if (last === 'svc') return underServices(index, name.slice(0, -1))
  if (last === 'pod') return underPods(index, name.slice(0, -1))
  if (last === 'dns-version' && name.length === 1) return { is: 'version' }
  if (last === 'dns' && name.length === 1) return empty
  if (last === 'dns' && name.length === 2 && name[0] === 'ns') return { is: 'name server' }
  return absent
}

/** `<port>.<protocol>.<service>.<namespace>`, `<endpoint>.<service>.<namespace>`, or less of it. */
function underServices(index: ServiceIndex, labels: Name): Found {
  const [namespace, name, ...rest] = labels.toReversed()
  if (namespace === undefined) return empty
  if (name === undefined) return index.hasNamespace(namespace) ? empty : absent
  const id = { namespace, name }
  const entry = index.service(id)
  if (entry === undefined || rest.length > 2) return absent
  if (entry.is === 'external') {
    return rest.length === 0 ? { is: 'alias', target: entry.target } : absent
  }
  const own = [name, namespace, 'svc']
  const [first, second] = rest
  if (first !== undefined && second === undefined) {
    const targets = endpointTargets(index, id, everyPort).filter(
      ({ name: [host] }) => host === first,
    )
    if (targets.length > 0) return { is: 'targets', targets }
    return hasNamedPort(index, id, first.replace(/^_/, '')) ? empty : absent
  }
  const wanted = portFilter(second, first)
  if (entry.is === 'headless') {
    const targets = endpointTargets(index, id, wanted)
    return targets.length > 0 ? { is: 'targets', targets } : absent
  }
  const ports = entry.ports.filter(wanted)
  if (ports.length === 0 && first !== undefined) return absent
  const target = { name: own, addresses: entry.addresses, ports: ports.map(({ port }) => port) }
  return { is: 'targets', targets: [target] }
}

/** `<address with dashes>.<namespace>`: for any address, whether a pod has it or not. */
function underPods(index: ServiceIndex, labels: Name): Found {
  const [namespace, pod, ...rest] = labels.toReversed()
  if (namespace === undefined) return empty
  if (!index.hasNamespace(namespace) || rest.length > 0) return absent
  if (pod === undefined) return empty
  const isIpv4 = /^[0-9]+(-[0-9]+){3}$/.test(pod)
  const address = parseIp(pod.replaceAll('-', isIpv4 ? '.' : ':'))
  if (address === undefined) return absent
  const name = [pod, namespace, 'pod']
  return { is: 'targets', targets: [{ name, addresses: [Uint8Array.from(address)], ports: [] }] }
}

type PortFilter = (port: Ports[number]) => boolean

const everyPort: PortFilter = () => true

/** With or without the underscores that keep them apart from hostnames; all ports where undefined. */
function portFilter(port: string | undefined, protocol: string | undefined): PortFilter {
  if (port === undefined || protocol === undefined) return everyPort
  const [name, transport] = [port.replace(/^_/, ''), protocol.replace(/^_/, '')]
  return (each) => name !== '' && each.name === name && each.protocol === transport
}

function endpointTargets(index: ServiceIndex, id: ServiceName, wanted: PortFilter): Target[] {
  const targets: Target[] = []
  for (const { endpoints, ports } of index.slices(id)) {
    const asked = ports.filter(wanted)
    // Endpoints without any port have addresses nevertheless.
    if (asked.length === 0 && !(ports.length === 0 && wanted === everyPort)) continue
    for (const { hostname, address } of endpoints) {
      const name = [hostname.toLowerCase(), id.name, id.namespace, 'svc']
      targets.push({ name, addresses: [address], ports: asked.map(({ port }) => port) })
    }
  }
  return targets
}

function hasNamedPort(index: ServiceIndex, id: ServiceName, protocol: string): boolean {
  const named: PortFilter = (port) => port.name !== '' && port.protocol === protocol
  const entry = index.service(id)
  if (entry?.is === 'cluster') return entry.ports.some(named)
  for (const { endpoints, ports } of index.slices(id)) {
    if (endpoints.length > 0 && ports.some(named)) return true
  }
  return false
}
