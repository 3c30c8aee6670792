import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { asError, type Clock, type Timer } from '#base'
import { ConnectionError, type ConnectionErrorReason } from '../error.ts'
import { connectTimeoutMs, pingIntervalMs, pingTimeoutMs } from '../limits.ts'
import type { Endpoint, HttpCall, HttpConnection, HttpReceiver } from './connection.ts'

/**
 * All exchanges with one server over one HTTP/2 connection, made when first needed and made again
 * after it broke. While exchanges are open, a quiet connection is asked by PING whether its other
 * end is there, so that a watch does not wait for ever on a peer that vanished.
 */
export class Http2Connection implements HttpConnection {
  readonly #url: URL
  readonly #tls: ConnectionOptions
  readonly #clock: Clock
  readonly #streams = new WeakMap<ClientHttp2Session, number>()
  #session: ClientHttp2Session | undefined

  constructor(endpoint: Endpoint, clock: Clock) {
    this.#url = new URL(endpoint.server)
    if (this.#url.protocol !== 'https:') {
      throw new ConnectionError('Unreachable', `${endpoint.server} is no https:// address`)
    }
    this.#tls = tlsOptions(endpoint)
    this.#clock = clock
  }

  start(call: HttpCall, receiver: HttpReceiver): () => void {
    let over = false
    const end = (error?: Error) => {
      if (over) return
      over = true
      receiver.end(error)
    }
    const opened = this.#open(call)
    if (opened instanceof Error) {
      queueMicrotask(() => end(this.#failure('Unreachable', opened)))
      return () => (over = true)
    }
    const { session, stream } = opened
    stream.on('response', (headers) => {
      if (!over) receiver.head(Number(headers[':status']), headers)
    })
    stream.on('data', (bytes: Uint8Array) => {
      if (!over) receiver.data(bytes)
    })
    stream.on('end', () => {
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted) end()
    })
    const wasConnecting = session.connecting
    stream.on('error', (error) => {
      const unreachable = wasConnecting && session.alpnProtocol === undefined
      end(this.#failure(unreachable ? 'Unreachable' : 'Interrupted', error))
    })
    stream.on('close', () => end(this.#failure('Interrupted', new Error('connection closed'))))
    return () => {
      over = true
      stream.close(constants.NGHTTP2_CANCEL)
    }
  }

  close(): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #failure(reason: ConnectionErrorReason, cause: Error): ConnectionError {
    return new ConnectionError(reason, `${this.#url.host}: ${cause.message}`, { cause })
  }

  #open(call: HttpCall): { session: ClientHttp2Session; stream: ClientHttp2Stream } | Error {
    try {
      const session = this.#usable()
      const headers = { ':method': call.method, ':path': call.path, ...call.headers }
      const stream = session.request(headers, { endStream: call.body === undefined })
      if (call.body !== undefined) stream.end(call.body)
      // Exchanges keep the process alive, a connection that merely stands open does not.
      const streams = (this.#streams.get(session) ?? 0) + 1
      this.#streams.set(session, streams)
      if (streams === 1) session.ref()
      stream.once('close', () => {
        const left = (this.#streams.get(session) ?? 1) - 1
        this.#streams.set(session, left)
        if (left === 0 && !session.destroyed) session.unref()
      })
      return { session, stream }
    } catch (error) {
      return asError(error)
    }
  }

  #usable(): ClientHttp2Session {
    const present = this.#session
    if (present !== undefined && !present.closed && !present.destroyed) return present
    const session = connect(this.#url.origin, {
      createConnection: () => this.#socket(),
      settings: { enablePush: false, initialWindowSize: 1 << 20 },
    })
    this.#session = session
    const forget = () => {
      if (this.#session === session) this.#session = undefined
    }
    session.on('error', forget)
    session.on('goaway', forget)
    session.on('close', forget)
    session.once('connect', () => {
      session.setLocalWindowSize(16 << 20)
      watchOver(session, this.#clock)
    })
    return session
  }

  #socket(): Socket {
    const { hostname, port } = this.#url
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const socket = connectTls({ ...this.#tls, host, port: Number(port === '' ? 443 : port) })
    const timer = this.#clock.timer(connectTimeoutMs, () => {
      socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`))
    })
    socket.once('secureConnect', () => timer.cancel())
    socket.once('close', () => timer.cancel())
    return socket
  }
}

function tlsOptions(endpoint: Endpoint): ConnectionOptions {
  const name = endpoint.tlsServerName ?? new URL(endpoint.server).hostname
  // Server names are names (RFC 6066, section 3).
  const isAddress = /^[\d.]+$|^\[/.test(name)
  return {
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.2',
    rejectUnauthorized: endpoint.insecure !== true,
    ...(isAddress ? {} : { servername: name }),
    ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
    ...(endpoint.certificate === undefined ? {} : { cert: endpoint.certificate }),
    ...(endpoint.key === undefined ? {} : { key: endpoint.key }),
  }
}

/** Pings a connection for as long as it lives. */
function watchOver(session: ClientHttp2Session, clock: Clock): void {
  let timer: Timer
  const schedule = () => {
    timer = clock.timer(pingIntervalMs, ask, { unref: true })
  }
  const ask = () => {
    if (session.closed || session.destroyed) return
    timer = clock.timer(
      pingTimeoutMs,
      () => session.destroy(new Error(`no answer to a PING within ${pingTimeoutMs} ms`)),
      { unref: true },
    )
    session.ping(() => {
      timer.cancel()
      if (!session.closed && !session.destroyed) schedule()
    })
  }
  schedule()
  session.once('close', () => timer.cancel())
}
