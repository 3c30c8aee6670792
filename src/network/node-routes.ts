import type { Clock, Log } from '#base'
import type { Informers } from '#client'
import type { Ip, UsedPrefix } from '#linux'
import { followNodes } from './follow-nodes.ts'
import { overlap } from './overlap.ts'
import { rejectLink } from './reject-link.ts'
import { nodeRoutes, type NodeRoute } from './routes.ts'
import { ensureTunnel, innerAddress, tunnelEntry, tunnelLink } from './tunnel.ts'

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

/** So long what was installed is believed to be there; somebody may have set the link up anew. */
const believedMs = 60_000

/**
 * Keeps a route to the pods of every other node, as nodes come and go: by the node's address where
 * it is on a segment of this machine, else by a VXLAN tunnel. Routes stay when it is disposed: pods go
 * on talking without it.
 *
 * Only nodes have tunnels, and only for IPv4: other pods across segments have no route, as is logged.
 */
export function keepNodeRoutes(options: NodeRoutesOptions): AsyncDisposable {
  const { clock, clusterCidrs, ip, log, nodeName } = options
  let installed: string | undefined
  let installedMs = -Infinity
  return followNodes({
    ...options,
    warning: 'routes to nodes were not set',
    async sync(nodes) {
      const wanted = nodeRoutes(nodes, nodeName)
      const own = nodeRoutes(
        nodes.filter(({ metadata }) => metadata.name === nodeName),
        undefined,
      ).find(({ cidr }) => !cidr.includes(':'))
      const asked = JSON.stringify([wanted, own])
      if (asked === installed && clock.elapsed() - installedMs < believedMs) return
      installed = undefined
      const segments = segmentsOf(await ip.usedPrefixes())
      const { direct, tunnelled, unreachable } = sortRoutes(wanted, segments, own)
      if (unreachable.length > 0) {
        const nodes = unreachable.map(({ via }) => via).join(', ')
        log.warn('pods of nodes on other segments have no route', { nodes })
      }
      if (own !== undefined && tunnelled.length > 0) {
        await ensureTunnel(ip, { cidr: own.cidr, address: own.via })
      }
      const entries = tunnelled.map(({ cidr, via }) => tunnelEntry({ cidr, address: via }))
      await ip.bridgeBatch(entries.map((entry) => entry.bridge))
      const ways = new Map([
        ...direct.map(({ cidr, via }): [string, string] => [cidr, via]),
        ...tunnelled.map(({ cidr }): [string, string] => [cidr, tunnelWay(cidr)]),
      ])
      const present = new Map(routesInto(clusterCidrs, await readRoutes(ip)))
      await ip.batch([...entries.map((entry) => entry.ip), ...routeChanges(present, ways)])
      installed = asked
      installedMs = clock.elapsed()
    },
  })
}

interface SortedRoutes {
  readonly direct: readonly NodeRoute[]
  readonly tunnelled: readonly NodeRoute[]
  readonly unreachable: readonly NodeRoute[]
}

/** Prefixes that links of this machine are on. */
export function segmentsOf(used: readonly UsedPrefix[]): readonly string[] {
  return used
    .filter(({ link, via }) => via === undefined && link !== '' && link !== rejectLink)
    .map(({ prefix }) => prefix)
}

/** `own`: of this node, where it is one. */
export function sortRoutes(
  routes: readonly NodeRoute[],
  segments: readonly string[],
  own: NodeRoute | undefined,
): SortedRoutes {
  const isNear = ({ via }: NodeRoute) => {
    const address = `${via}/${via.includes(':') ? 128 : 32}`
    return segments.some((segment) => overlap(segment, address))
  }
  const isTunnelled = ({ cidr }: NodeRoute) => own !== undefined && !cidr.includes(':')
  const others = routes.filter((route) => !isNear(route))
  return {
    direct: routes.filter(isNear),
    tunnelled: others.filter(isTunnelled),
    unreachable: others.filter((route) => !isTunnelled(route)),
  }
}

/** As `ip route` takes it. */
const tunnelWay = (cidr: string) => `${innerAddress(cidr)} dev ${tunnelLink} onlink`

/** Removes the routes and the tunnel that a `keepNodeRoutes` has left. */
export async function removeNodeRoutes(ip: Ip): Promise<void> {
  await ip.batch(routeChanges(new Map(await readRoutes(ip)), new Map()))
  if ((await ip.links()).includes(tunnelLink)) await ip.deleteLink(tunnelLink)
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
  const changed = [...wanted].filter(([cidr, way]) => present.get(cidr) !== way.split(' ')[0])
  return [
    ...gone.map((cidr) => `route del ${cidr} ${protocol}`),
    ...changed.map(([cidr, way]) => `route replace ${cidr} via ${way} ${protocol}`),
  ]
}
