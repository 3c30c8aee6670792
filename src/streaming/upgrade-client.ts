import { TimeoutError, withTimeout, type Clock, type Random } from '#base'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { lost, protocolError, StreamingError } from './error.ts'
import { limits } from './limits.ts'
import { socketPipe } from './socket-pipe.ts'
import { webSocketAccept, type Upgraded } from './upgrade-server.ts'

/** Where to and as whom; the subprotocols come from what is to be spoken. */
export interface UpgradeTarget {
  /** A fresh connected socket for each attempt (TLS done), which then belongs to the connection. */
  readonly dial: () => Promise<Duplex>
  /** The Host header. */
  readonly host: string
  /** With the query. */
  readonly path: string
  /** Credentials and the like. */
  readonly headers?: Readonly<Record<string, string>>
  /** What to try, in this order: the next after a server that does not switch. */
  readonly carriers: readonly ('websocket' | 'spdy')[]
}

export interface UpgradeContext {
  readonly clock: Clock
  readonly random: Random
}

/** The subprotocols offered, by carrier, the one liked best first. */
export interface Offers {
  readonly websocket: readonly string[]
  readonly spdy: readonly string[]
}

/**
 * Asks a server to switch protocols. Rejects with StreamingError: UpgradeRefused (with what the
 * server answered), Timeout, ConnectionLost; and with what `dial` rejects with.
 */
export async function requestUpgrade(
  target: UpgradeTarget,
  offers: Offers,
  ctx: UpgradeContext,
): Promise<Upgraded> {
  let refused: StreamingError | undefined
  for (const carrier of target.carriers) {
    try {
      return await attempt(target, carrier, offers[carrier], ctx)
    } catch (error) {
      if (!(error instanceof StreamingError) || error.reason !== 'UpgradeRefused') throw error
      refused = error
      // Who is not known stays so on another carrier.
      if (error.httpStatus === 401) break
    }
  }
  throw refused ?? new StreamingError('UpgradeRefused', 'nothing to upgrade to')
}

async function attempt(
  target: UpgradeTarget,
  carrier: 'websocket' | 'spdy',
  offered: readonly string[],
  ctx: UpgradeContext,
): Promise<Upgraded> {
  const socket = await target.dial()
  try {
    const work =
      carrier === 'websocket'
        ? upgradeToWebSocket(target, socket, offered, ctx.random)
        : upgradeToSpdy(target, socket, offered)
    return await withTimeout(ctx.clock, work, limits.upgradeMs, 'the upgrade of a connection')
  } catch (error) {
    socket.destroy()
    if (!(error instanceof TimeoutError)) throw error
    throw new StreamingError('Timeout', error.message, { cause: error })
  }
}

async function upgradeToWebSocket(
  target: UpgradeTarget,
  socket: Duplex,
  offered: readonly string[],
  random: Random,
): Promise<Upgraded> {
  const key = Buffer.from(random.bytes(16)).toString('base64')
  const { response, head } = await exchange(target, socket, 'GET', {
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Protocol': offered.join(', '),
  })
  if (response.headers['sec-websocket-accept'] !== webSocketAccept(key)) {
    throw protocolError('the server answers another WebSocket key')
  }
  const subprotocol = response.headers['sec-websocket-protocol'] ?? ''
  return upgraded('websocket', subprotocol, offered, socket, head)
}

async function upgradeToSpdy(
  target: UpgradeTarget,
  socket: Duplex,
  offered: readonly string[],
): Promise<Upgraded> {
  const { response, head } = await exchange(target, socket, 'POST', {
    Upgrade: 'SPDY/3.1',
    'X-Stream-Protocol-Version': offered.join(', '),
    'Content-Length': '0',
  })
  const header = response.headers['x-stream-protocol-version']
  const subprotocol = typeof header === 'string' ? header : ''
  return upgraded('spdy', subprotocol, offered, socket, head)
}

function upgraded(
  kind: 'websocket' | 'spdy',
  subprotocol: string,
  offered: readonly string[],
  socket: Duplex,
  head: Uint8Array,
): Upgraded {
  if (subprotocol !== '' && !offered.includes(subprotocol)) {
    throw protocolError('the server chose a subprotocol that was not offered')
  }
  return { kind, subprotocol, pipe: socketPipe(socket, head) }
}

interface Exchanged {
  readonly response: IncomingMessage
  readonly head: Uint8Array
}

function exchange(
  target: UpgradeTarget,
  socket: Duplex,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method,
      path: target.path,
      headers: { ...target.headers, Host: target.host, Connection: 'Upgrade', ...headers },
    })
    request.on('upgrade', (response, _socket, head) => resolve({ response, head }))
    request.on('response', (response) => {
      refusal(response).then(reject, reject)
    })
    request.on('error', (error) => reject(lost(error)))
    request.end()
  })
}

async function refusal(response: IncomingMessage): Promise<StreamingError> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    if (!(chunk instanceof Buffer)) continue
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > limits.refusalBytesMax) break
  }
  const body = Buffer.concat(chunks).subarray(0, limits.refusalBytesMax).toString('utf8')
  const httpStatus = response.statusCode ?? 0
  const message = `unable to upgrade connection: the server answered ${httpStatus}: ${body.trim()}`
  return new StreamingError('UpgradeRefused', message, { httpStatus, body })
}
