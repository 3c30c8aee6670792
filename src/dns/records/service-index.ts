import type { EndpointSlice, Service } from '#api'
import { formatIp, parseIp } from '#machinery'
import { nameOf, type Name } from '../wire/name.ts'

export interface ServicePort {
  /** Empty where it has none, which only a single port may. */
  readonly name: string
  /** In lower case. */
  readonly protocol: string
  readonly port: number
}

/** What a Service's names lead to. */
export type ServiceEntry =
  | { readonly is: 'cluster'; readonly addresses: readonly Address[]; readonly ports: Ports }
  | { readonly is: 'headless' }
  | { readonly is: 'external'; readonly target: Name }

export type Ports = readonly ServicePort[]

/** Of four or sixteen bytes. */
export type Address = Uint8Array

export interface ReadyEndpoint {
  /** Its hostname, else its address with dashes. */
  readonly hostname: string
  readonly address: Address
  /** As the maps of addresses have it. */
  readonly text: string
}

/** The ready endpoints of one EndpointSlice, all of them with all of its ports. */
export interface ReadySlice {
  readonly endpoints: readonly ReadyEndpoint[]
  readonly ports: Ports
}

export interface ServiceName {
  readonly namespace: string
  readonly name: string
}

/** An endpoint by its address: a record that points back to it. */
export interface EndpointName extends ServiceName {
  readonly hostname: string
}

/**
 * What the names of a cluster lead to, by Service, by EndpointSlice and by address. A change costs
 * what the changed object holds. Names are compared in lower case, which those of objects are.
 */
export class ServiceIndex {
  readonly #services = new Map<string, ServiceEntry>()
  readonly #slices = new Map<string, Map<string, ReadySlice>>()
  readonly #namespaces = new Set<string>()
  readonly #byClusterIp = new Map<string, Map<string, ServiceName>>()
  readonly #byEndpointIp = new Map<string, Map<string, EndpointName>>()
  #serial = 0

  /** Seconds since the epoch when something changed last: the zone's serial number. */
  get serial(): number {
    return this.#serial
  }

  setService(service: Service, nowMs: number): void {
    this.deleteService(service, nowMs)
    const id = identity(service)
    const entry = serviceEntry(service)
    if (entry === undefined) return
    this.#services.set(keyOf(id), entry)
    for (const ip of clusterIpsOf(entry)) put(this.#byClusterIp, ip, keyOf(id), id)
  }

  deleteService(service: Service, nowMs: number): void {
    this.#changed(nowMs)
    const key = keyOf(identity(service))
    const entry = this.#services.get(key)
    if (entry === undefined) return
    this.#services.delete(key)
    for (const ip of clusterIpsOf(entry)) drop(this.#byClusterIp, ip, key)
  }

  /** With the state before it, where there was one: its Service may have been another. */
  setSlice(slice: EndpointSlice, old: EndpointSlice | undefined, nowMs: number): void {
    if (old !== undefined) this.deleteSlice(old, nowMs)
    this.#changed(nowMs)
    const owner = ownerOf(slice)
    if (owner === undefined) return
    const ready = readySlice(slice)
    const name = slice.metadata.name ?? ''
    put(this.#slices, keyOf(owner), name, ready)
    for (const { hostname, text } of ready.endpoints) {
      put(this.#byEndpointIp, text, endpointKey(owner, name, hostname), { ...owner, hostname })
    }
  }

  deleteSlice(slice: EndpointSlice, nowMs: number): void {
    this.#changed(nowMs)
    const owner = ownerOf(slice)
    if (owner === undefined) return
    const name = slice.metadata.name ?? ''
    const ready = this.#slices.get(keyOf(owner))?.get(name)
    drop(this.#slices, keyOf(owner), name)
    for (const { hostname, text } of ready?.endpoints ?? []) {
      drop(this.#byEndpointIp, text, endpointKey(owner, name, hostname))
    }
  }

  setNamespace(name: string, nowMs: number): void {
    this.#namespaces.add(name)
    this.#changed(nowMs)
  }

  deleteNamespace(name: string, nowMs: number): void {
    this.#namespaces.delete(name)
    this.#changed(nowMs)
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(name)
  }

  service(id: ServiceName): ServiceEntry | undefined {
    return this.#services.get(keyOf(id))
  }

  slices(id: ServiceName): Iterable<ReadySlice> {
    return this.#slices.get(keyOf(id))?.values() ?? []
  }

  /** By an address as `formatIp` writes it. */
  servicesAt(ip: string): Iterable<ServiceName> {
    return this.#byClusterIp.get(ip)?.values() ?? []
  }

  endpointsAt(ip: string): Iterable<EndpointName> {
    return this.#byEndpointIp.get(ip)?.values() ?? []
  }

  #changed(nowMs: number): void {
    this.#serial = Math.floor(nowMs / 1000) >>> 0
  }
}

function identity({ metadata }: Service | EndpointSlice): ServiceName {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '' }
}

function keyOf({ namespace, name }: ServiceName): string {
  return `${namespace}/${name}`
}

/** An address may move between slices: each has an entry of its own. */
function endpointKey(owner: ServiceName, slice: string, hostname: string): string {
  return `${keyOf(owner)}/${slice}/${hostname}`
}

function ownerOf({ metadata }: EndpointSlice): ServiceName | undefined {
  const name = metadata.labels?.['kubernetes.io/service-name']
  return name === undefined ? undefined : { namespace: metadata.namespace ?? '', name }
}

function serviceEntry({ spec }: Service): ServiceEntry | undefined {
  if (spec?.type === 'ExternalName') {
    const target = nameOf(spec.externalName ?? '')
    const isName = parseIp(spec.externalName ?? '') === undefined && target.every(fits)
    return isName && target.length > 0 ? { is: 'external', target } : undefined
  }
  const ips = spec?.clusterIPs ?? [spec?.clusterIP ?? '']
  if (ips[0] === 'None') return { is: 'headless' }
  const addresses = ips.map(parsed).filter((address) => address !== undefined)
  const ports = (spec?.ports ?? []).map(({ name, protocol, port }) =>
    servicePort(name, protocol, port),
  )
  return { is: 'cluster', addresses, ports }
}

/** A part of an external name may be longer than a label. */
function fits(label: string): boolean {
  return label.length > 0 && label.length < 64
}

function readySlice({ endpoints, ports }: EndpointSlice): ReadySlice {
  return {
    ports: (ports ?? []).map(({ name, protocol, port }) => servicePort(name, protocol, port)),
    endpoints: (endpoints ?? []).flatMap(({ addresses, conditions, hostname }) => {
      // Where nothing is said about it, an endpoint is ready.
      if (conditions?.ready === false) return []
      return (addresses ?? []).flatMap((ip) => {
        const address = parsed(ip)
        if (address === undefined) return []
        const text = formatIp([...address])
        return [{ hostname: hostname ?? text.replaceAll(/[.:]/g, '-'), address, text }]
      })
    }),
  }
}

function servicePort(name = '', protocol = 'TCP', port = 0): ServicePort {
  return { name, protocol: protocol.toLowerCase(), port }
}

function parsed(ip: string): Address | undefined {
  const bytes = parseIp(ip)
  return bytes === undefined ? undefined : Uint8Array.from(bytes)
}

function clusterIpsOf(entry: ServiceEntry): readonly string[] {
  return entry.is === 'cluster' ? entry.addresses.map((address) => formatIp([...address])) : []
}

function put<V>(map: Map<string, Map<string, V>>, key: string, inner: string, value: V): void {
  let entries = map.get(key)
  if (entries === undefined) map.set(key, (entries = new Map()))
  entries.set(inner, value)
}

function drop<V>(map: Map<string, Map<string, V>>, key: string, inner: string): void {
  const entries = map.get(key)
  entries?.delete(inner)
  if (entries?.size === 0) map.delete(key)
}
