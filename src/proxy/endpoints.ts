import type { Endpoint, EndpointSlice } from '#api'
import { addressesOf, type Family } from './family.ts'
import { isProxied, protocolOf, type Protocol } from './service-ports.ts'

/** An address behind a port of a Service. */
export interface ProxyEndpoint {
  readonly ip: string
  readonly port: number
  readonly isLocal: boolean
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly nodeHints: readonly string[]
  readonly zoneHints: readonly string[]
}

/** To which Service a slice belongs. */
const serviceNameLabel = 'kubernetes.io/service-name'

/** The key of the slice's Service; undefined where the proxy has nothing to do with it. */
export function serviceOf(slice: EndpointSlice): string | undefined {
  const { labels, namespace = '' } = slice.metadata
  const name = labels?.[serviceNameLabel] ?? ''
  return name === '' || !isProxied(labels) ? undefined : `${namespace}/${name}`
}

/** By which endpoints are filed: names are the same for several protocols. */
export function portKey(protocol: Protocol, portName: string): string {
  return `${protocol}/${portName}`
}

/**
 * The endpoints of all slices of one Service, by port; sorted, and each once: while an endpoint moves
 * from one slice to another it may stand in both, and the better report counts.
 */
export function endpointsOf(
  slices: readonly EndpointSlice[],
  family: Family,
  nodeName: string,
): ReadonlyMap<string, readonly ProxyEndpoint[]> {
  const found = new Map<string, Map<string, ProxyEndpoint>>()
  for (const slice of slices) {
    if (slice.addressType !== family || !isProxied(slice.metadata.labels)) continue
    for (const { name, protocol, port } of slice.ports ?? []) {
      if (port === undefined || port === 0) continue
      const key = portKey(protocolOf(protocol), name ?? '')
      let ofPort = found.get(key)
      if (ofPort === undefined) found.set(key, (ofPort = new Map()))
      for (const endpoint of slice.endpoints ?? []) {
        // Addresses after the first are not for proxies.
        const [ip] = addressesOf(family, (endpoint.addresses ?? []).slice(0, 1))
        if (ip === undefined) continue
        const next = proxyEndpoint(endpoint, ip, port, nodeName)
        const known = ofPort.get(`${ip} ${port}`)
        if (known === undefined || rank(next) > rank(known)) ofPort.set(`${ip} ${port}`, next)
      }
    }
  }
  return new Map([...found].map(([key, ofPort]) => [key, [...ofPort.values()].sort(byAddress)]))
}

function proxyEndpoint(
  { conditions, nodeName: itsNode, hints }: Endpoint,
  ip: string,
  port: number,
  nodeName: string,
): ProxyEndpoint {
  return {
    ip,
    port,
    isLocal: itsNode === nodeName,
    ready: conditions?.ready ?? true,
    serving: conditions?.serving ?? true,
    terminating: conditions?.terminating ?? false,
    nodeHints: (hints?.forNodes ?? []).map(({ name }) => name),
    zoneHints: (hints?.forZones ?? []).map(({ name }) => name),
  }
}

function rank({ ready, serving, isLocal }: ProxyEndpoint): number {
  return (ready ? 4 : 0) + (serving ? 2 : 0) + (isLocal ? 1 : 0)
}

function byAddress(a: ProxyEndpoint, b: ProxyEndpoint): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1
  return a.port - b.port
}
