import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { asError, type Clock } from '#base'
import { errors } from '#machinery'
import type { ByteSource } from '../request.ts'
import { addressOf, type ConnectionPool, type Endpoint } from './endpoint.ts'
import { dialTimeoutMs } from './limits.ts'
import { dialTimeout, reachError } from './reach-error.ts'

/** A request as it leaves. */
export interface Outgoing {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: ByteSource | undefined
}

/** What came back: an answer, whose body is still to be read, or another protocol. */
export type Incoming =
  | { readonly type: 'response'; readonly message: IncomingMessage }
  | {
      readonly type: 'upgrade'
      readonly message: IncomingMessage
      readonly socket: Duplex
      readonly head: Uint8Array
    }

export interface ExchangeContext {
  readonly clock: Clock
  readonly pool: ConnectionPool
  /** Gives the exchange up, whatever it has come to. */
  readonly signal: AbortSignal
}

/**
 * Sends a request and resolves when the head of its answer is there. Rejects with a ReachError; with
 * a 400 when the request cannot be written as HTTP.
 */
export async function exchange(
  endpoint: Endpoint,
  outgoing: Outgoing,
  ctx: ExchangeContext,
): Promise<Incoming> {
  try {
    return await attempt(endpoint, outgoing, ctx, true)
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error
    return attempt(endpoint, outgoing, ctx, false)
  }
}

/** A kept connection was closed by the other side just as it was used again. */
class StaleConnection extends Error {}

function attempt(
  endpoint: Endpoint,
  outgoing: Outgoing,
  { clock, pool, signal }: ExchangeContext,
  pooled: boolean,
): Promise<Incoming> {
  const request = open(endpoint, outgoing, pooled ? pool : undefined)
  return new Promise((resolve, reject) => {
    const giveUp = () => request.destroy(asError(signal.reason))
    const timer = clock.timer(dialTimeoutMs, () =>
      request.destroy(dialTimeout(addressOf(endpoint))),
    )
    const settle = (then: () => void) => {
      timer.cancel()
      then()
    }
    request.once('socket', (socket) => {
      if (!socket.connecting) return timer.cancel()
      socket.once(endpoint.tls === undefined ? 'connect' : 'secureConnect', () => timer.cancel())
    })
    request.on('error', (error) => {
      settle(() => {
        const again = pooled && request.reusedSocket && isStale(error, outgoing)
        reject(again ? new StaleConnection() : reachError(error, addressOf(endpoint)))
      })
    })
    request.once('response', (message) => settle(() => resolve({ type: 'response', message })))
    request.once('upgrade', (message, socket, head) =>
      settle(() => resolve({ type: 'upgrade', message, socket, head })),
    )
    request.once('close', () => signal.removeEventListener('abort', giveUp))
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    if (outgoing.body === undefined) request.end()
    else void sendBody(request, outgoing.body)
  })
}

/** Nothing came back, and asking again does no harm (RFC 9110, section 9.2.2). */
function isStale(error: Error, { method, body }: Outgoing): boolean {
  const reset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
  return reset && body === undefined && ['GET', 'HEAD', 'OPTIONS'].includes(method)
}

function open(
  { host, port, tls }: Endpoint,
  { method, path, headers: given, body }: Outgoing,
  pool: ConnectionPool | undefined,
): ClientRequest {
  // Of some methods Node takes a body of unknown length without saying where it ends: the other side
  // would read it as requests of their own.
  const framed = body === undefined || given['content-length'] !== undefined
  const headers = framed ? given : { ...given, 'transfer-encoding': 'chunked' }
  const options = { host, port, method, path, headers, setHost: false }
  try {
    return tls === undefined
      ? httpRequest({ ...options, agent: pool?.http ?? false })
      : httpsRequest({ ...options, ...tls, agent: pool?.https ?? false })
  } catch (cause) {
    throw errors.badRequest('the request cannot be passed on as HTTP', { cause })
  }
}

/** As fast as the other side takes it. */
async function sendBody(request: ClientRequest, body: ByteSource): Promise<void> {
  request.once('close', () => body.cancel())
  try {
    for (;;) {
      const bytes = await body.read()
      if (request.destroyed) return
      if (bytes === undefined) break
      if (!request.write(bytes)) await drained(request)
    }
    request.end()
  } catch (cause) {
    request.destroy(new Error('the request was cut off', { cause }))
  }
}

function drained(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      request.off('drain', done)
      request.off('close', done)
      resolve()
    }
    request.once('drain', done)
    request.once('close', done)
    if (request.destroyed) done()
  })
}
