import type { StreamConnection } from './byte-pipe.ts'
import {
  portForwardProtocol,
  portForwardTunnel,
  type ForwardedPort,
  type PortForwardClient,
} from './port-forward.ts'
import { spdyConnection } from './spdy/connection.ts'
import { requestUpgrade, type UpgradeContext, type UpgradeTarget } from './upgrade-client.ts'
import { WebSocketConnection } from './websocket/connection.ts'
import { webSocketTunnel } from './websocket/tunnel.ts'

/** The client's end of a port-forward. Rejects as `requestUpgrade` does. */
export async function connectPortForward(
  target: UpgradeTarget,
  ctx: UpgradeContext,
): Promise<PortForwardClient> {
  const offers = { websocket: [portForwardTunnel], spdy: [portForwardProtocol] }
  const upgraded = await requestUpgrade(target, offers, ctx)
  const pipe =
    upgraded.kind === 'spdy'
      ? upgraded.pipe
      : webSocketTunnel(new WebSocketConnection(upgraded.pipe, { ...ctx, role: 'client' }))
  const connection = spdyConnection(pipe, { clock: ctx.clock, role: 'client' })
  let requests = 0
  return {
    closed: connection.closed,
    close: () => connection.close(),
    abort: () => connection.abort(),
    open: (port) => open(connection, port, String(requests++)),
  }
}

async function open(
  connection: StreamConnection,
  port: number,
  requestID: string,
): Promise<ForwardedPort> {
  const headers = { port: String(port), requestID }
  const error = await connection.open({ streamType: 'error', ...headers })
  try {
    await error.end()
    const data = await connection.open({ streamType: 'data', ...headers })
    return { port, data, error }
  } catch (cause) {
    error.abort()
    throw cause
  }
}
