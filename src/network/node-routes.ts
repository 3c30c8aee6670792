import type { Clock, Log } from '#base'
import type { Informers } from '#client'
import type { Ip } from '#linux'
import { followNodes } from './follow-nodes.ts'
import { overlap } from './overlap.ts'
import { nodeRoutes } from './routes.ts'

export interface NodeRoutesOptions {
  /** Shared; whoever made them starts them. */
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly ip: Ip
  /** Routes into these are its own, and no others: a machine may have several clusters. */
  readonly clusterCidrs: readonly string[]
  /** This node, to whose pods there is no way to find; undefined on a machine that is none. */
  readonly nodeName: string | undefined
}

/** Marks routes as ours, so that what a crash has left is known; ip-route(8), `protocol`. */
export const routeProtocol = 86

/**
 * Keeps a route to the pods of every other node, by the node's address, as nodes come and go. Nodes
 * have to be on one segment. Routes stay when it is disposed: pods go on talking without it.
 */
export function keepNodeRoutes(given: NodeRoutesOptions): AsyncDisposable {
  const { ip, nodeName, clusterCidrs, ...options } = given
  /** What the kernel has, by destination; undefined when it has to be asked. */
  let installed: Map<string, string | undefined> | undefined
  return followNodes({
    ...options,
    warning: 'routes to nodes were not set',
    async sync(nodes) {
      const present = installed ?? new Map(routesInto(clusterCidrs, await readRoutes(ip)))
      installed = undefined
      const wanted = new Map(nodeRoutes(nodes, nodeName).map((r) => [r.cidr, r.via]))
      await ip.batch(routeChanges(present, wanted))
      installed = wanted
    },
  })
}

/** Removes the routes that a `keepNodeRoutes` has left. */
export async function removeNodeRoutes(ip: Ip): Promise<void> {
  await ip.batch(routeChanges(new Map(await readRoutes(ip)), new Map()))
}

type KernelRoute = readonly [destination: string, via: string | undefined]

export function routesInto(
  cidrs: readonly string[],
  routes: readonly KernelRoute[],
): readonly KernelRoute[] {
  return routes.filter(([destination]) => cidrs.some((cidr) => overlap(cidr, destination)))
}

async function readRoutes(ip: Ip): Promise<[string, string | undefined][]> {
  return (await ip.routes(routeProtocol)).map(({ destination, via }) => [destination, via])
}

/** Lines for `ip -batch` that turn the one set of routes into the other. */
export function routeChanges(
  present: ReadonlyMap<string, string | undefined>,
  wanted: ReadonlyMap<string, string>,
): string[] {
  const protocol = `proto ${routeProtocol}`
  const gone = [...present.keys()].filter((cidr) => !wanted.has(cidr))
  const changed = [...wanted].filter(([cidr, via]) => present.get(cidr) !== via)
  return [
    ...gone.map((cidr) => `route del ${cidr} ${protocol}`),
    ...changed.map(([cidr, via]) => `route replace ${cidr} via ${via} ${protocol}`),
  ]
}
