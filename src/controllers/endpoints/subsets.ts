import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '#api'
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
import { isHeadless } from '../service-endpoints/services.ts'

/** An address with a port it serves, if it serves any. */
interface Offer {
  readonly address: EndpointAddress
  readonly port: EndpointPort | undefined
  readonly ready: boolean
}

/**
 * The subsets of a service: addresses that serve the same ports are together, each address and
 * each port once. Only the service's first address family is in them.
 */
export function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  return repack(offersOf(service, pods))
}

function* offersOf(service: Service, pods: readonly Pod[]): Generator<Offer, undefined> {
  const publishes = service.spec.publishNotReadyAddresses === true
  const hasPorts = (service.spec.ports ?? []).length > 0
  if (!hasPorts && !isHeadless(service)) return
  for (const pod of pods) {
    if (!hasEndpoint(pod, { includeTerminating: publishes })) continue
    const [ip] = podIpsOf(pod, firstFamily(service))
    if (ip === undefined) continue
    const address = addressOf(service, pod, ip)
    const ready = publishes || isPodReady(pod)
    if (!hasPorts) yield { address, port: undefined, ready }
    for (const { name, ...port } of servedPorts(service, pod)) {
      yield { address, port: { ...(name !== '' && { name }), ...port }, ready }
    }
  }
}

function firstFamily({ spec }: Service): IpFamily {
  const family = spec.ipFamilies?.[0] ?? ''
  return family === '' ? (familyOf(spec.clusterIP ?? '') ?? 'IPv4') : family
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { nodeName = '' } = pod.spec
  const hostname = hostnameOf(pod, service)
  return {
    ip,
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== '' && { nodeName }),
    targetRef: podReference(pod),
  }
}

interface PortOffers {
  readonly port: EndpointPort | undefined
  /** Whether they are ready, by address. */
  readonly ready: Map<string, boolean>
}

function repack(offers: Iterable<Offer>): EndpointSubset[] {
  const addresses = new Map<string, EndpointAddress>()
  const byPort = new Map<string, PortOffers>()
  for (const { address, port, ready } of offers) {
    const addressKey = `${address.ip} ${address.targetRef?.uid ?? ''}`
    addresses.set(addressKey, address)
    const portKey = keyOf(port)
    const known = byPort.get(portKey) ?? { port, ready: new Map<string, boolean>() }
    byPort.set(portKey, known)
    // One that is not ready for once is not ready.
    known.ready.set(addressKey, ready && known.ready.get(addressKey) !== false)
  }
  const subsets = new Map<string, { ready: Map<string, boolean>; ports: EndpointPort[] }>()
  for (const { port, ready } of byPort.values()) {
    const sorted = [...ready].sort(byKey)
    const key = JSON.stringify(sorted)
    const subset = subsets.get(key) ?? { ready: new Map(sorted), ports: [] }
    subsets.set(key, subset)
    if (port !== undefined) subset.ports.push(port)
  }
  return [...subsets.values()].map((subset) => subsetOf(subset, addresses)).sort(bySubset)
}

function subsetOf(
  { ready, ports }: { ready: ReadonlyMap<string, boolean>; ports: EndpointPort[] },
  addresses: ReadonlyMap<string, EndpointAddress>,
): EndpointSubset {
  const of = (wanted: boolean) =>
    [...ready]
      .filter(([, isReady]) => isReady === wanted)
      .flatMap(([key]) => addresses.get(key) ?? [])
  const [readyAddresses, notReadyAddresses] = [of(true), of(false)]
  return {
    ...(readyAddresses.length > 0 && { addresses: readyAddresses }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    ...(ports.length > 0 && { ports: ports.sort((a, b) => compare(keyOf(a), keyOf(b))) }),
  }
}

function keyOf(port: EndpointPort | undefined): string {
  if (port === undefined) return ''
  return JSON.stringify([port.name ?? '', port.protocol, port.port, port.appProtocol ?? ''])
}

/** What is the same whatever order the pods came in. */
function bySubset(a: EndpointSubset, b: EndpointSubset): number {
  return compare(JSON.stringify(a.ports ?? []), JSON.stringify(b.ports ?? []))
}

function byKey([a]: readonly [string, boolean], [b]: readonly [string, boolean]): number {
  return compare(a, b)
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
