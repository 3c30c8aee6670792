import type { Node } from '#api'

/** To the pods of a node, by its address. */
export interface NodeRoute {
  readonly cidr: string
  readonly via: string
}

/** The routes by which pods of all nodes but `self` are reached, ordered by prefix. */
export function nodeRoutes(nodes: readonly Node[], self: string | undefined): NodeRoute[] {
  return nodes
    .filter(({ metadata }) => metadata.name !== self)
    .flatMap(routesOf)
    .sort((a, b) => (a.cidr < b.cidr ? -1 : 1))
}

function routesOf({ spec, status }: Node): NodeRoute[] {
  const ips = (status.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address)
  const cidrs = spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR])
  return cidrs.flatMap((cidr) => {
    const via = ips.find((ip) => ip.includes(':') === cidr.includes(':'))
    return via === undefined ? [] : [{ cidr, via }]
  })
}
