import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { asError, type Log } from '#base'
import { refuseUpgrade, requestedUpgrade, StreamingError } from '#streaming'
import { limits } from './limits.ts'
import type { KubeletRequest, Reply } from './reply.ts'
import { sendReply } from './send-reply.ts'

export interface TlsMaterial {
  /** PEM. */
  readonly certificate: string
  readonly key: string
}

export interface HttpServerOptions extends TlsMaterial {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** PEM of the CAs whose certificates clients are asked for; '' for none. */
  readonly clientCa: string
  readonly log: Log
  /** Answers a request; never rejects. */
  serve(request: KubeletRequest): Promise<Reply>
  /** A request begins; the result ends it. */
  begin(method: string, path: string): () => void
}

export interface HttpServer {
  readonly port: number
  /** For connections that begin from now on. Throws where the certificate cannot be used. */
  use(material: TlsMaterial): void
  /** Cuts all connections off. Idempotent. */
  stop(): Promise<void>
}

/** HTTP/1.1 over TLS, with upgrades. Rejects with Node's error where the port cannot be had. */
// Differs from Kubernetes: HTTP/2 is not offered; what matters here switches protocols, in HTTP/1.1.
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const context = (material: TlsMaterial) => ({
    cert: material.certificate,
    key: material.key,
    minVersion: 'TLSv1.2' as const,
    ...(options.clientCa === '' ? {} : { ca: options.clientCa }),
  })
  const server = createServer({
    ...context(options),
    requestCert: true,
    // Who a client is, and whether that is enough, is for the authentication to say.
    rejectUnauthorized: false,
    handshakeTimeout: limits.handshakeMs,
    maxHeaderSize: limits.headerBytesMax,
    keepAliveTimeout: limits.idleMs,
    keepAlive: true,
    keepAliveInitialDelay: limits.keepAliveMs,
    noDelay: true,
    shouldUpgradeCallback: ({ headers }) => requestedUpgrade(headers) !== undefined,
  })
  server.maxConnections = limits.connectionsMax
  const connections = new Connections(server, options)
  await listening(server, options)
  server.on('error', (error) =>
    options.log.error("the kubelet's server failed", { error: error.message }),
  )
  const address = server.address()
  let stopping: Promise<void> | undefined
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    use: (material) => server.setSecureContext(context(material)),
    stop() {
      stopping ??= new Promise((resolve) => {
        server.close(() => resolve())
        connections.cutOff()
      })
      return stopping
    },
  }
}

function listening(
  server: Server,
  { host, port }: Pick<HttpServerOptions, 'host' | 'port'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** The open connections and what is done for their requests. */
class Connections {
  readonly #options: HttpServerOptions
  readonly #sockets = new Set<TLSSocket>()
  readonly #certificates = new WeakMap<TLSSocket, Uint8Array>()

  constructor(server: Server, options: HttpServerOptions) {
    this.#options = options
    server.on('secureConnection', (socket) => {
      this.#sockets.add(socket)
      // Its consequence arrives as 'close'.
      socket.on('error', () => {})
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('tlsClientError', (error) =>
      options.log.debug('a TLS handshake with the kubelet failed', { error: error.message }),
    )
    server.on('request', (message, response) => void this.#exchange(message, response))
    server.on('upgrade', (message, socket, head) => void this.#upgrade(message, socket, head))
  }

  cutOff(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Never rejects. */
  async #exchange(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborter = new AbortController()
    const request = this.#requestOf(message, false, aborter.signal)
    const end = this.#options.begin(request.method, request.path)
    response.on('error', () => {})
    response.once('close', () => aborter.abort())
    // No request has a body that means anything.
    message.resume()
    try {
      await sendReply(response, await this.#options.serve(request))
    } catch (error) {
      const { message: words } = asError(error)
      this.#options.log.debug('an answer of the kubelet broke off', { error: words })
      response.destroy()
    } finally {
      end()
    }
  }

  /** Never rejects. */
  async #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const aborter = new AbortController()
    const request = this.#requestOf(message, true, aborter.signal)
    const end = this.#options.begin(request.method, request.path)
    socket.once('close', () => aborter.abort())
    try {
      const reply = await this.#options.serve(request)
      if (reply.type === 'upgrade') {
        await reply.accept({ headers: message.headers, socket, head })
        return
      }
      if (reply.type === 'whole') refuseUpgrade(socket, reply.code, String(reply.body))
      else refuseUpgrade(socket, 400, 'there is nothing to upgrade to')
      hangUpSoon(message.socket)
    } catch (error) {
      const { message: words } = asError(error)
      this.#options.log.debug('a stream of the kubelet broke off', { error: words })
      // Who was refused is being told so.
      if (isRefusal(error)) hangUpSoon(message.socket)
      else socket.destroy()
    } finally {
      end()
    }
  }

  #requestOf(message: IncomingMessage, isUpgrade: boolean, signal: AbortSignal): KubeletRequest {
    const { method = 'GET', url = '/', headers, socket } = message
    const mark = url.indexOf('?')
    return {
      method,
      path: mark === -1 ? url : url.slice(0, mark),
      query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
      authorization: headers.authorization,
      certificate: socket instanceof TLSSocket ? this.#certificateOf(socket) : undefined,
      isUpgrade,
      signal,
    }
  }

  /** The same bytes for each request of a connection. */
  #certificateOf(socket: TLSSocket): Uint8Array | undefined {
    const known = this.#certificates.get(socket)
    if (known !== undefined) return known
    const certificate = socket.getPeerX509Certificate()?.raw
    if (certificate !== undefined) this.#certificates.set(socket, certificate)
    return certificate
  }
}

/** The peer reads why it was refused, and hangs up. */
function hangUpSoon(socket: Socket): void {
  socket.setTimeout(limits.refusedMs, () => socket.destroy())
}

function isRefusal(error: unknown): boolean {
  return error instanceof StreamingError && error.reason === 'UpgradeRefused'
}
