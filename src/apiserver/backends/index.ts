import type { NodeConnections } from '../kinds/node-connections.ts'
import type { NetworkConnectionsOptions } from './network-connections.ts'

export type { NetworkConnectionsOptions }

/** Ways to nodes that are to be closed by who opened them. */
export interface ClosableNodeConnections extends NodeConnections {
  /** Ends everything under way, and what comes later fails. */
  close(): Promise<void>
}

/** The way to nodes over the network; what it takes is loaded when somebody goes it. */
export function networkConnections(options: NetworkConnectionsOptions): ClosableNodeConnections {
  const load = async () => {
    const { NetworkConnections } = await import('./network-connections.ts')
    return new NetworkConnections(options)
  }
  let loading: ReturnType<typeof load> | undefined
  const loaded = () => (loading ??= load())
  return {
    log: async (request) => (await loaded()).log(request),
    command: async (request) => (await loaded()).command(request),
    portForward: async (request) => (await loaded()).portForward(request),
    proxy: async (target, path, call) => (await loaded()).proxy(target, path, call),
    close: async () => (await loading)?.close(),
  }
}
