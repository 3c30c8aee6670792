import type { BytePipe } from '../byte-pipe.ts'
import { StreamingError } from '../error.ts'
import type { WebSocketConnection } from './connection.ts'

/**
 * A WebSocket as a pipe of bytes (KEP 4006): what is written becomes binary messages whose boundaries
 * mean nothing. A WebSocket has no half-close, so the end of writing is the end of both directions.
 */
export function webSocketTunnel(socket: WebSocketConnection): BytePipe {
  return {
    async read() {
      for (;;) {
        const piece = await socket.read()
        if (piece === undefined) return undefined
        if (piece.text) {
          socket.abort()
          throw new StreamingError('ProtocolError', 'text in a tunnel of bytes')
        }
        if (piece.bytes.length > 0) return piece.bytes
      }
    },
    write: (bytes) => socket.write('binary', bytes),
    end: () => socket.close(),
    abort: () => socket.abort(),
  }
}
