import type { Clock, Log, Random } from '#base'
import { Informers, type Client } from '#client'
import { ipIn, realExec } from '#linux'
import { keepNodeRoutes } from '#network'
import { publishPorts } from './publish.ts'
import type { PublishedPort } from './published-port.ts'

export interface HostNetworkOptions {
  /** May look at nodes. */
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Keep routes to the pods of all nodes: for an API server that is on no node. */
  readonly nodeRoutes: boolean
  readonly clusterCidrs: readonly string[]
  readonly publish: readonly PublishedPort[]
}

/**
 * The ways from a server's own machine, which is no node, to its nodes: routes to their pods, and
 * ports of this machine that lead to node ports. Rejects with a ClusterError for a port that
 * cannot be had.
 */
export async function startHostNetwork(options: HostNetworkOptions): Promise<AsyncDisposable> {
  const { client, clock, nodeRoutes, publish } = options
  await using stack = new AsyncDisposableStack()
  if (!nodeRoutes && publish.length === 0) return stack.move()
  const informers = stack.use(new Informers(client, options))
  if (nodeRoutes) {
    const ip = ipIn(realExec(clock))
    stack.use(keepNodeRoutes({ ...options, informers, ip, nodeName: undefined }))
  }
  stack.use(await publishPorts(publish, { ...options, informers }))
  await informers.start()
  return stack.move()
}
