import type { Clock, Random } from '#base'
import { acceptUpgrade, type UpgradeRequest } from '../upgrade-server.ts'
import { WebSocketConnection } from './connection.ts'

/** A server's end of a WebSocket on which only the server speaks, in whole messages. */
export interface MessageServer {
  /** The one chosen; '' when the client named none. */
  readonly subprotocol: string
  /** Resolves when there is room for the next. Rejects with StreamingError. */
  send(kind: 'text' | 'binary', bytes: Uint8Array): Promise<void>
  /** Resolves when the connection is over, however it ended. */
  readonly closed: Promise<void>
  /** Says farewell after what was sent. */
  close(): Promise<void>
  abort(): void
}

/**
 * Accepts a WebSocket in the first of the client's subprotocols that is among these; '' stands for a
 * client that names none. What the client says is read and dropped. Throws StreamingError
 * UpgradeRefused after having told the client.
 */
export function acceptMessages(
  request: UpgradeRequest,
  subprotocols: readonly string[],
  ctx: { readonly clock: Clock; readonly random: Random },
): MessageServer {
  const { pipe, subprotocol } = acceptUpgrade(request, { websocket: subprotocols, spdy: [] })
  const socket = new WebSocketConnection(pipe, { ...ctx, role: 'server' })
  const drop = async () => {
    while ((await socket.read()) !== undefined);
  }
  drop().catch(() => socket.abort())
  return {
    subprotocol,
    closed: socket.closed.then(() => undefined),
    send: (kind, bytes) => socket.write(kind, bytes),
    close: () => socket.close(),
    abort: () => socket.abort(),
  }
}
