import { ServerResponse, type IncomingMessage } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerResponse,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import { TLSSocket, type SecureContextOptions } from 'node:tls'
import type { Clock, Log } from '#base'
import { asError, withTimeout } from '#base'
import type { ApiHandler, ApiResponse } from '../request.ts'
import { acceptsGzip } from './compression.ts'
import { Connections, ignore } from './connections.ts'
import * as limits from './limits.ts'
import { closeAll, listen } from './listen.ts'
import { asHttpResponse, isHttp2, type HttpRequest, type HttpResponse } from './messages.ts'
import { hasBody, HttpApiRequest } from './request.ts'
import { sendResponse } from './response.ts'
import { serverNames } from './server-names.ts'

export interface HttpsOptions {
  readonly handler: Pick<ApiHandler, 'serve'>
  readonly clock: Clock
  readonly log: Log
  /** Addresses of this machine, one at least; '::' and '0.0.0.0' are all of a family. */
  readonly hosts: readonly string[]
  /** The same on each; 0: any that is free on all of them. */
  readonly port: number
  /** PEM. */
  readonly certificate: string
  readonly key: string
  /** Others for some of the names that peers connect to (SNI); asked for once a name. */
  readonly certificateFor?: (serverName: string) => ServingCertificate | undefined
  /**
   * PEM of the CAs whose client certificates are asked for. A certificate of any other is let in,
   * too: it is the authentication stage that judges.
   */
  readonly clientCas: readonly string[]
}

/** PEM. */
export interface ServingCertificate {
  readonly certificate: string
  readonly key: string
}

export interface HttpsServer {
  readonly port: number
  /** Shows another certificate to whoever connects from now on; PEM. Connections stay. */
  useCertificate(certificate: string, key: string): void
  /**
   * Takes no more connections and tells the open ones to go (GOAWAY, Connection: close). Exchanges
   * in flight have `graceMs` to end; what is left is cut off. Idempotent.
   */
  close(graceMs: number): Promise<void>
}

/**
 * Serves a handler on one TLS port of each host, over HTTP/2 and HTTP/1.1. Rejects with a ListenError
 * when the port cannot be had on one of them; then it serves on none.
 */
export async function serveHttps(options: HttpsOptions): Promise<HttpsServer> {
  const connections = new Connections(options.clock)
  const exchanges = new Exchanges(options, connections)
  const listening = await listen(options, () => secureServer(options, connections, exchanges))
  for (const server of listening.servers) {
    server.on('error', (error) =>
      options.log.error('HTTPS server failed', { error: error.message }),
    )
  }
  let closing: Promise<void> | undefined
  return {
    port: listening.port,
    useCertificate(certificate, key) {
      const context = contextOf(options, { certificate, key })
      for (const server of listening.servers) server.setSecureContext(context)
    },
    close(graceMs) {
      closing ??= (async () => {
        const closed = closeAll(listening.servers)
        exchanges.closing = true
        connections.sayGoodbye()
        try {
          await withTimeout(options.clock, connections.allGone(), graceMs, 'open connections')
        } catch {
          connections.cutOff()
        }
        await closed
      })()
      return closing
    },
  }
}

function secureServer(
  options: HttpsOptions,
  connections: Connections,
  exchanges: Exchanges,
): Http2SecureServer {
  const server = createSecureServer({
    ...contextOf(options, options),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    ...serverNames(options),
    handshakeTimeout: limits.handshakeTimeoutMs,
    maxHeaderListPairs: limits.headerPairsMax,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
    settings: {
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: limits.streamWindowBytes,
      enablePush: false,
    },
  })
  // Of HTTP/1.1; the types know them on that server only.
  Object.assign(server, {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    // Bodies have a bound where they are read; one that is passed on may take its time.
    requestTimeout: 0,
    shouldUpgradeCallback: (request: IncomingMessage) => mayUpgrade(request),
    keepAliveTimeout: limits.idleTimeoutMs,
  })
  server.on('session', (session) => connections.addSession(session))
  server.on('secureConnection', (socket: TLSSocket) => connections.addSocket(socket))
  server.on('request', (request: HttpRequest, response: ServerResponse | Http2ServerResponse) =>
    exchanges.start(request, asHttpResponse(response), undefined),
  )
  server.on('checkContinue', (request: HttpRequest, raw: ServerResponse | Http2ServerResponse) => {
    const response = asHttpResponse(raw)
    exchanges.start(request, response, () => response.writeContinue())
  })
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) =>
    exchanges.startUpgrade(message, socket, head),
  )
  server.on('tlsClientError', (error) =>
    options.log.debug('TLS handshake failed', { error: asError(error).message }),
  )
  return server
}

/** What a certificate is shown with. */
function contextOf(
  { clientCas }: Pick<HttpsOptions, 'clientCas'>,
  { certificate, key }: Pick<HttpsOptions, 'certificate' | 'key'>,
): SecureContextOptions {
  const ca = clientCas.length > 0 ? { ca: [...clientCas] } : {}
  return { cert: certificate, key, minVersion: 'TLSv1.2', ...ca }
}

/** Takes requests to the handler and answers back. */
class Exchanges {
  /** HTTP/1.1 peers are told with each answer to close. */
  closing = false
  readonly #options: HttpsOptions
  readonly #connections: Connections

  constructor(options: HttpsOptions, connections: Connections) {
    this.#options = options
    this.#connections = connections
  }

  start(message: HttpRequest, response: HttpResponse, sendContinue: (() => void) | undefined) {
    this.#run(message, response, sendContinue).catch((error: unknown) => {
      this.#options.log.error('sending an answer failed', { error: asError(error).message })
      response.destroy()
    })
  }

  startUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#runUpgrade(message, socket, head).catch((error: unknown) => {
      this.#options.log.debug('an upgraded connection failed', { error: asError(error).message })
      socket.destroy()
    })
  }

  /** A request for another protocol: the handler takes the connection, or answers as usual. */
  async #runUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Node hands out the socket as what it is in general.
    if (!(socket instanceof TLSSocket)) throw new TypeError('the connection is none of TLS')
    const { clock, handler } = this.#options
    const peer = this.#connections.peerOf(socket)
    const request = new HttpApiRequest(message, {
      peer,
      clock,
      sendContinue: undefined,
      upgradable: true,
    })
    const exchange = this.#connections.begin(socket)
    const gone = () => request.abort()
    socket.once('close', gone)
    try {
      const answer = await handler.serve(request)
      if (answer.body.type !== 'upgrade')
        return await answerAndHangUp(message, socket, answer, clock)
      if (socket.destroyed) return answer.body.cancel()
      await answer.body.accept({ headers: message.headers, socket, head })
      socket.destroySoon()
    } finally {
      socket.off('close', gone)
      exchange.end()
    }
  }

  async #run(
    message: HttpRequest,
    response: HttpResponse,
    sendContinue: (() => void) | undefined,
  ): Promise<void> {
    const { clock, handler } = this.#options
    const socket = isHttp2(message) ? message.stream.session?.socket : message.socket
    const peer = this.#connections.peerOf(socket)
    const request = new HttpApiRequest(message, { peer, clock, sendContinue, upgradable: false })
    const exchange = isHttp2(message) ? undefined : this.#connections.begin(message.socket)
    // Errors of a connection end its exchanges; 'close' always follows.
    message.on('error', ignore)
    response.on('error', ignore)
    response.once('close', () => {
      exchange?.end()
      if (!response.writableEnded) request.abort()
    })
    const handled = await handler.serve(request)
    const answer = this.closing && !isHttp2(message) ? lastAnswer(handled) : handled
    if (carriesCredentials(request) && answer.code !== 401) {
      this.#connections.trust(message)
    }
    response.once('finish', () => abandonBody(message))
    await sendResponse(response, answer, {
      clock,
      headersOnly: request.method === 'HEAD',
      gzip: answer.code === 200 && acceptsGzip(request.header('accept-encoding')),
    })
  }
}

/**
 * Whether another protocol may follow a request. An offer of HTTP/2 is declined by answering in
 * HTTP/1.1; and what has a body is a request first of all.
 */
function mayUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() !== 'h2c' && !hasBody(request)
}

/** An ordinary answer to who asked for another protocol; the connection ends with it. */
async function answerAndHangUp(
  message: IncomingMessage,
  socket: TLSSocket,
  answer: ApiResponse,
  clock: Clock,
): Promise<void> {
  const response = new ServerResponse(message)
  response.shouldKeepAlive = false
  response.on('error', ignore)
  response.assignSocket(socket)
  // An answer that streams is over when its connection is.
  const over = new Promise<void>((resolve) => socket.once('close', resolve))
  response.once('finish', () => socket.destroySoon())
  await sendResponse(asHttpResponse(response), answer, {
    clock,
    headersOnly: message.method === 'HEAD',
    gzip: false,
  })
  await over
}

function lastAnswer(answer: ApiResponse): ApiResponse {
  return { ...answer, headers: { ...answer.headers, connection: 'close' } }
}

function carriesCredentials(request: HttpApiRequest): boolean {
  return request.peer.certificate !== undefined || request.header('authorization') !== undefined
}

/** After the answer nobody reads the rest of a body: tell the peer to stop sending it. */
function abandonBody(message: HttpRequest): void {
  if (message.complete || message.readableEnded) return
  if (isHttp2(message)) message.stream.close(constants.NGHTTP2_NO_ERROR)
  else message.socket.destroySoon()
}
