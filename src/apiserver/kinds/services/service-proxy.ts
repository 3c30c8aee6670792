import type { Endpoint, EndpointSlice, Pod, Service } from '#api'
import { errors, quote } from '#machinery'
import type { Lookup } from '../../lookup.ts'
import type { Registry } from '../../registry/call.ts'
import type { Answer } from '../../request.ts'
import type { NodeConnections } from '../node-connections.ts'
import { proxiedPath } from '../proxied-path.ts'
import { parseProxyId } from '../proxy-id.ts'
import { isProxyable } from '../proxyable.ts'
import type { SubresourceCall } from '../subresource.ts'

const services = { group: '', resource: 'services' }
const pods = { group: '', resource: 'pods' }
const endpointSlices = { group: 'discovery.k8s.io', resource: 'endpointslices' }

interface Target {
  readonly host: string
  readonly port: string
}

/** `services/<scheme>:<name>:<port>/proxy`: a request to one of the Service's ready endpoints. */
export function serviceProxy(
  lookup: Lookup,
  { random }: Pick<Registry, 'random'>,
  nodes: NodeConnections,
) {
  return async (call: SubresourceCall): Promise<Answer> => {
    const { info, request } = call
    const { scheme, name, port } = parseProxyId('service', info.name)
    const service = lookup.get<Service>(services, info.namespace, name)
    if (service === undefined) throw errors.notFound(services, name)
    const targets = targetsOf(lookup, service, portName(service, port))
    const found = targets[targets.length === 0 ? 0 : random.integer(targets.length)]
    if (found === undefined) {
      throw errors.serviceUnavailable(`no endpoints available for service ${quote(info.name)}`)
    }
    const path = proxiedPath(request.path, info)
    return nodes.proxy({ type: 'address', scheme, ...found }, path, call)
  }
}

/** Endpoints' ports carry the names of the Service's; a number means the port that has it there. */
function portName({ metadata, spec }: Service, asked: string): string {
  if (!/^\d+$/.test(asked)) return asked
  const found = (spec.ports ?? []).find(({ port }) => port === Number(asked))
  if (found !== undefined) return found.name ?? ''
  throw errors.serviceUnavailable(
    `no service port ${asked} found for service ${quote(metadata.name ?? '')}`,
  )
}

function targetsOf(lookup: Lookup, { metadata }: Service, port: string): readonly Target[] {
  const found: Target[] = []
  for (const slice of lookup.list<EndpointSlice>(endpointSlices, metadata.namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== metadata.name) continue
    const number = slice.ports?.find(({ name }) => name === port)?.port
    if (number === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      const host = endpoint.addresses?.[0]
      if (host === undefined || endpoint.conditions?.ready === false) continue
      if (isPod(lookup, metadata.namespace ?? '', endpoint, host)) {
        found.push({ host, port: String(number) })
      }
    }
  }
  return found
}

/** Whoever may write endpoints must not send the server anywhere but to the pods that they name. */
function isPod(
  lookup: Lookup,
  namespace: string,
  { targetRef }: Pick<Endpoint, 'targetRef'>,
  address: string,
): boolean {
  if (targetRef?.name === undefined || targetRef.namespace !== namespace) return false
  const pod = lookup.get<Pod>(pods, namespace, targetRef.name)
  const addresses = pod?.status.podIPs?.map(({ ip }) => ip) ?? [pod?.status.podIP]
  return addresses.includes(address) && isProxyable(address)
}
