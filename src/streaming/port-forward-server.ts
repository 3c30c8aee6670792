import { deferred, type Clock, type Random, type Timer } from '#base'
import type { ByteStream, StreamConnection, StreamHeaders } from './byte-pipe.ts'
import { limits } from './limits.ts'
import {
  parsePort,
  portForwardProtocol,
  portForwardTunnel,
  type ForwardedPort,
  type PortForwardServer,
} from './port-forward.ts'
import { spdyConnection } from './spdy/connection.ts'
import { acceptUpgrade, type UpgradeRequest } from './upgrade-server.ts'
import { Channels } from './websocket/channels.ts'
import { WebSocketConnection } from './websocket/connection.ts'
import { webSocketTunnel } from './websocket/tunnel.ts'

/** The older way over WebSockets: two channels for each port named in the query. */
const channelProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', '']

/**
 * The server's end of a port-forward, over SPDY, SPDY in a WebSocket, or channels. `ports` are those
 * of the request's query, which only channels need. Rejects with StreamingError UpgradeRefused after
 * having told the client.
 */
export async function acceptPortForward(
  request: UpgradeRequest,
  ports: readonly number[],
  ctx: { readonly clock: Clock; readonly random: Random },
): Promise<PortForwardServer> {
  const upgraded = acceptUpgrade(request, {
    websocket: [portForwardTunnel, ...(ports.length === 0 ? [] : channelProtocols)],
    spdy: [portForwardProtocol, ''],
  })
  const { clock } = ctx
  const spdy = { clock, role: 'server', admits } as const
  if (upgraded.kind === 'spdy') return overSpdy(spdyConnection(upgraded.pipe, spdy), clock)
  const socket = new WebSocketConnection(upgraded.pipe, { ...ctx, role: 'server' })
  if (upgraded.subprotocol === portForwardTunnel) {
    return overSpdy(spdyConnection(webSocketTunnel(socket), spdy), clock)
  }
  return overChannels(socket, ports, upgraded.subprotocol.includes('base64'))
}

function admits(headers: StreamHeaders): boolean {
  const type = headers['streamtype']
  return (type === 'data' || type === 'error') && parsePort(headers['port']) !== undefined
}

/** Half of a forwarded port, until the other half comes. */
interface Half {
  readonly type: 'data' | 'error'
  readonly stream: ByteStream
  readonly timer: Timer
}

function overSpdy(connection: StreamConnection, clock: Clock): PortForwardServer {
  const halves = new Map<string, Half>()
  const giveUp = (id: string) => {
    const half = halves.get(id)
    halves.delete(id)
    half?.timer.cancel()
    half?.stream.abort()
  }
  connection.closed.then(
    () => [...halves.keys()].forEach(giveUp),
    () => undefined,
  )
  return {
    closed: connection.closed,
    close: () => connection.close(),
    abort: () => connection.abort(),
    async accept(): Promise<ForwardedPort | undefined> {
      for (;;) {
        const stream = await connection.accept()
        if (stream === undefined) return undefined
        const type = stream.headers['streamtype'] === 'data' ? 'data' : 'error'
        const id = requestId(stream, type)
        const other = halves.get(id)
        if (other === undefined && halves.size >= limits.streamsMax) {
          stream.abort()
          continue
        }
        if (other === undefined) {
          const timer = clock.timer(limits.streamCreationMs, () => giveUp(id))
          halves.set(id, { type, stream, timer })
          continue
        }
        const port = parsePort(stream.headers['port'])
        if (other.type === type || parsePort(other.stream.headers['port']) !== port) {
          stream.abort()
          continue
        }
        halves.delete(id)
        other.timer.cancel()
        const [data, error] = type === 'data' ? [stream, other.stream] : [other.stream, stream]
        if (port !== undefined) return { port, data, error }
      }
    },
  }
}

/** Clients of old name no request: then a data stream is the one after its error stream. */
function requestId(stream: ByteStream, type: 'data' | 'error'): string {
  const named = stream.headers['requestid']
  if (named !== undefined && named !== '') return named
  return String(type === 'error' ? stream.id : stream.id - 2)
}

async function overChannels(
  socket: WebSocketConnection,
  ports: readonly number[],
  base64: boolean,
): Promise<PortForwardServer> {
  const channels = new Channels(socket, {
    count: ports.length * 2,
    readable: ports.map((_, index) => index * 2),
    base64,
    closeSignal: 'none',
  })
  const waiting: ForwardedPort[] = []
  for (const [index, port] of ports.entries()) {
    const data = channels.stream(index * 2)
    const error = channels.stream(index * 2 + 1)
    // Each channel begins with its port.
    const words = Buffer.alloc(2)
    words.writeUInt16LE(port)
    await data.write(words)
    await error.write(words)
    waiting.push({ port, data, error })
  }
  const over = deferred<undefined>()
  channels.closed.then(
    () => over.resolve(undefined),
    () => over.resolve(undefined),
  )
  return {
    closed: channels.closed,
    close: () => channels.close(),
    abort: () => channels.abort(),
    accept: async () => waiting.shift() ?? (await over.promise),
  }
}
