import type { EndpointSlice, Service } from '#api'
import { errors, quote } from '#machinery'
import type { Lookup } from '../../lookup.ts'
import type { Registry } from '../../registry/call.ts'
import type { Answer } from '../../request.ts'
import type { NodeConnections } from '../node-connections.ts'
import { parseProxyId } from '../proxy-id.ts'
import type { SubresourceCall } from '../subresource.ts'

const services = { group: '', resource: 'services' }
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
    const { namespace, name: id, rest } = call.info
    const { name, port } = parseProxyId(id)
    const service = lookup.get<Service>(services, namespace, name)
    if (service === undefined) throw errors.notFound(services, name)
    const targets = targetsOf(lookup, service, portName(service, port))
    const target = targets[targets.length === 0 ? 0 : random.integer(targets.length)]
    if (target === undefined) {
      throw errors.serviceUnavailable(`no endpoints available for service ${quote(id)}`)
    }
    return nodes.address(target.host, target.port, rest, call)
  }
}

/** Of the endpoints' ports; they carry the names of the Service's, and a number means that port. */
function portName({ metadata, spec }: Service, asked: string): string {
  const ports = spec.ports ?? []
  if (asked === '') {
    if (ports.length > 1) {
      throw errors.serviceUnavailable(
        `no service port was specified for service ${quote(metadata.name ?? '')}`,
      )
    }
    return ports[0]?.name ?? ''
  }
  const found = ports.find((port) => port.name === asked || String(port.port) === asked)
  if (found !== undefined) return found.name ?? ''
  throw errors.serviceUnavailable(
    `no service port ${quote(asked)} found for service ${quote(metadata.name ?? '')}`,
  )
}

function targetsOf(lookup: Lookup, { metadata }: Service, port: string): readonly Target[] {
  const found: Target[] = []
  for (const slice of lookup.list<EndpointSlice>(endpointSlices, metadata.namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== metadata.name) continue
    const number = slice.ports?.find(({ name }) => name === port)?.port
    if (number === undefined) continue
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const host = addresses?.[0]
      if (host === undefined || conditions.ready === false) continue
      found.push({ host, port: String(number) })
    }
  }
  return found
}
