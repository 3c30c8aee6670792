import { createServer, connect, type Server, type Socket } from 'node:net'
import { Node } from '#api'
import { ListenError } from '#apiserver'
import type { Log } from '#base'
import type { Informers } from '#client'
import { listenError } from './listen-error.ts'
import type { PublishedPort } from './published-port.ts'

/** How long a node has to take a connection before the next one is tried. */
const connectMs = 2_000
/** Open connections of one published port; more are closed at once. */
const connectionsMax = 4_096

/**
 * Hands on TCP connections from ports of this machine to node ports, node by node, passing
 * over those that are not ready. Rejects with a ClusterError for a port that cannot be had.
 */
export async function publishPorts(
  ports: readonly PublishedPort[],
  { informers, log }: { readonly informers: Informers; readonly log: Log },
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const nodes = informers.of(Node)
  let turn = 0
  const addresses = () => {
    const all = readyAddresses(nodes.lister.list())
    const first = all.length === 0 ? 0 : turn++ % all.length
    return [...all.slice(first), ...all.slice(0, first)]
  }
  for (const port of ports) {
    const open = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy())
      handOn(socket, addresses(), port.nodePort, log)
    })
    server.maxConnections = connectionsMax
    await listen(server, port)
    stack.defer(async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
    })
  }
  return stack.move()
}

async function listen(server: Server, { host, port }: PublishedPort): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, resolve)
    })
  } catch (cause) {
    throw listenError('--publish', new ListenError(host, port, cause))
  }
}

export function readyAddresses(nodes: readonly Node[]): string[] {
  return nodes
    .filter(({ status }) =>
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    )
    .flatMap(({ status }) => status.addresses?.find(({ type }) => type === 'InternalIP') ?? [])
    .map(({ address }) => address)
}

/** Tries one node after another; what the client has sent meanwhile waits. */
function handOn(client: Socket, addresses: readonly string[], port: number, log: Log): void {
  const [host, ...others] = addresses
  if (host === undefined) {
    log.warn('a published port has no ready node that takes connections', { port })
    client.destroy()
    return
  }
  const upstream = connect({ host, port, allowHalfOpen: true, timeout: connectMs })
  const next = () => {
    upstream.destroy()
    if (!client.destroyed) handOn(client, others, port, log)
  }
  upstream.once('timeout', next)
  upstream.once('error', next)
  upstream.once('connect', () => {
    // The client may have gone meanwhile.
    if (client.destroyed) return void upstream.destroy()
    upstream.setTimeout(0)
    upstream.off('error', next)
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroySoon())
    client.pipe(upstream)
    upstream.pipe(client)
  })
}
