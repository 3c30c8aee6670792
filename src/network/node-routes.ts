import { Node } from '#api'
import type { Clock, Log } from '#base'
import { asError } from '#base'
import { WorkQueue, type Informers } from '#client'
import type { Ip } from '#linux'
import { nodeRoutes } from './routes.ts'

export interface NodeRoutesOptions {
  /** Shared; whoever made them starts them. */
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly ip: Ip
  /** This node, to whose pods there is no way to find; undefined on a machine that is none. */
  readonly nodeName: string | undefined
}

/** Marks routes as ours, so that what a crash has left is known; ip-route(8), `protocol`. */
export const routeProtocol = 86

/**
 * Keeps a route to the pods of every other node, by the node's address, as nodes come and go. Nodes
 * have to be on one segment. Routes stay when it is disposed: pods go on talking without it.
 */
export function keepNodeRoutes(options: NodeRoutesOptions): AsyncDisposable {
  const { informers, clock, log, ip, nodeName } = options
  const nodes = informers.of(Node)
  const queue = new WorkQueue<'routes'>({ clock })
  /** What the kernel has, by destination; undefined when it has to be asked. */
  let installed: Map<string, string | undefined> | undefined

  const sync = async () => {
    const present = installed ?? new Map(await readRoutes(ip))
    installed = undefined
    const wanted = new Map(nodeRoutes(nodes.lister.list(), nodeName).map((r) => [r.cidr, r.via]))
    await ip.batch(routeChanges(present, wanted))
    installed = wanted
  }
  const work = async () => {
    for (let key; (key = await queue.next()) !== undefined;) {
      try {
        await sync()
        queue.forget(key)
      } catch (error) {
        log.warn('routes to nodes were not set', { error: asError(error).message })
        queue.addRateLimited(key)
      } finally {
        queue.done(key)
      }
    }
  }
  const changed = () => {
    if (nodes.synced) queue.add('routes')
  }
  const endHandler = nodes.addHandler({ added: changed, updated: changed, deleted: changed })
  // Only a complete list says which routes are to go.
  nodes.whenSynced().then(changed, () => {})
  const working = work()
  return {
    async [Symbol.asyncDispose]() {
      endHandler()
      void queue.shutDown()
      await working
    },
  }
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
