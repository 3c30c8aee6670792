import { Service } from '#api'
import { isIpv4, parseCidr } from '#machinery'
import type { KindDependencies } from './dependencies.ts'
import type { KindHooks } from './kind-hooks.ts'
import { noNodeConnections } from './node-connections.ts'
import { Addresses } from './services/addresses.ts'
import { allocate } from './services/allocation.ts'
import type { IpFamily } from './services/ip-families.ts'
import { NodePorts } from './services/node-ports.ts'
import { serviceProxy } from './services/service-proxy.ts'

/** Services get addresses and node ports; see `allocate`. */
export function serviceHooks(dependencies: KindDependencies): KindHooks {
  const { lookup, registry, nodePorts, serviceCidrs, nodes = noNodeConnections } = dependencies
  const pools = {
    addresses: new Addresses(lookup, registry),
    nodePorts: new NodePorts(lookup, nodePorts, registry),
    families: familiesOf(serviceCidrs),
  }
  return {
    resource: Service,
    alongside: (write) => allocate(pools, write),
    subresources: { proxy: serviceProxy(lookup, registry, nodes) },
  }
}

function familiesOf(cidrs: readonly string[]): readonly IpFamily[] {
  const families = cidrs.flatMap((cidr): IpFamily[] => {
    const parsed = parseCidr(cidr)
    return parsed === undefined ? [] : [isIpv4(parsed.address) ? 'IPv4' : 'IPv6']
  })
  return [...new Set(families)]
}
