import { constants, type Http2Session, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Clock } from '#base'
import type { Peer } from '../request.ts'
import { connectionWindowBytes, idleTimeoutMs } from './limits.ts'
import { isHttp2, type HttpRequest } from './messages.ts'
import { ResetAllowance } from './resets.ts'

/** What is known of each connection. */
export class Connections {
  readonly #clock: Clock
  readonly #peers = new WeakMap<object, Peer>()
  readonly #sockets = new Map<Socket, { exchanges: number; http2: boolean }>()
  readonly #sessions = new Map<Http2Session, ResetAllowance>()
  #whenGone: (() => void) | undefined
  #closing = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  addSocket(socket: TLSSocket): void {
    this.#sockets.set(socket, { exchanges: 0, http2: socket.alpnProtocol === 'h2' })
    // A reset connection has no reader; its exchanges end by their own events.
    socket.on('error', ignore)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.#sockets.size === 0) this.#whenGone?.()
    })
  }

  addSession(session: ServerHttp2Session): void {
    const allowance = new ResetAllowance(this.#clock)
    this.#sessions.set(session, allowance)
    let streams = 0
    session.on('stream', (stream) => {
      streams++
      stream.once('close', () => {
        streams--
        const reset = stream.rstCode !== constants.NGHTTP2_NO_ERROR
        if (reset && !allowance.take())
          session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
      })
    })
    session.setLocalWindowSize(connectionWindowBytes)
    session.setTimeout(idleTimeoutMs, () => {
      if (streams === 0) session.close()
    })
    session.on('error', ignore)
    session.once('close', () => this.#sessions.delete(session))
    if (this.#closing) session.close()
  }

  trust(message: HttpRequest): void {
    const session = isHttp2(message) ? message.stream.session : undefined
    if (session !== undefined) this.#sessions.get(session)?.trust()
  }

  /** Reading the certificate costs; it is done once a connection. */
  peerOf(socket: Socket | undefined): Peer {
    const known = socket && this.#peers.get(socket)
    if (known !== undefined) return known
    const serverName = socket instanceof TLSSocket ? serverNameOf(socket) : undefined
    const peer = {
      address: socket?.remoteAddress ?? '',
      certificate: socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined,
      user: undefined,
      serverName,
    }
    if (socket !== undefined) this.#peers.set(socket, peer)
    return peer
  }

  /** Takes note of an HTTP/1.1 exchange; HTTP/2 sessions know their streams themselves. */
  begin(socket: Socket): { end(): void } {
    const state = this.#sockets.get(socket)
    if (state === undefined) return { end: ignore }
    state.exchanges++
    return {
      end: () => {
        state.exchanges--
        if (this.#closing && state.exchanges === 0) socket.destroySoon()
      },
    }
  }

  sayGoodbye(): void {
    this.#closing = true
    for (const session of this.#sessions.keys()) session.close()
    for (const [socket, { exchanges, http2 }] of this.#sockets) {
      if (!http2 && exchanges === 0) socket.destroySoon()
    }
  }

  allGone(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#sockets.size === 0) resolve()
      else this.#whenGone = resolve
    })
  }

  cutOff(): void {
    for (const session of this.#sessions.keys()) session.destroy()
    for (const socket of this.#sockets.keys()) socket.destroy()
  }
}

/** Node has it on the sockets of servers; the types do not say so. */
function serverNameOf(socket: TLSSocket & { readonly servername?: unknown }): string | undefined {
  return typeof socket.servername === 'string' ? socket.servername : undefined
}

/** For 'error' events whose consequence arrives as 'close'. */
export function ignore(): void {}
