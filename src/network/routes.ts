import type { Node } from '#api'

/** To the pods of a node, by its address. */
export interface NodeRoute {
  readonly cidr: string
  readonly via: string
}

/** What routes to a node's pods depend on. */
export type RoutedNode = Pick<Node, 'metadata' | 'spec'> & {
  readonly status: Pick<Node['status'], 'addresses'>
}

/** The routes by which pods of all nodes but `self` are reached, ordered by prefix. */
export function nodeRoutes(nodes: readonly RoutedNode[], self: string | undefined): NodeRoute[] {
  return nodes
    .filter(({ metadata }) => metadata.name !== self)
    .flatMap(routesOf)
    .sort((a, b) => (a.cidr < b.cidr ? -1 : 1))
}

function routesOf({ spec, status }: RoutedNode): NodeRoute[] {
  const ips = (status.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address)
  const cidrs = spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR])
  return cidrs.flatMap((cidr) => {
    const via = ips.find((ip) => ip.includes(':') === cidr.includes(':'))
    return via === undefined ? [] : [{ cidr, via }]
  })
}
