import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { BytePipe } from './byte-pipe.ts'
import { StreamingError } from './error.ts'
import { socketPipe } from './socket-pipe.ts'

/** What Node's HTTP/1.1 server hands to a listener of `upgrade`. */
export interface UpgradeRequest {
  readonly headers: IncomingHttpHeaders
  readonly socket: Duplex
  /** What was read of the connection beyond the request. */
  readonly head: Uint8Array
}

/** By what a client wants its connection to be carried on; undefined when by nothing known. */
export function requestedUpgrade(headers: IncomingHttpHeaders): 'websocket' | 'spdy' | undefined {
  if (!listed(headers.connection).includes('upgrade')) return undefined
  const upgrades = listed(headers.upgrade)
  if (upgrades.includes('websocket')) return 'websocket'
  return upgrades.includes('spdy/3.1') ? 'spdy' : undefined
}

/** A connection whose protocol was switched. */
export interface Upgraded {
  readonly kind: 'websocket' | 'spdy'
  /** The one chosen; '' when the client named none and the server has a default. */
  readonly subprotocol: string
  readonly pipe: BytePipe
}

/** The subprotocols a server speaks, by what carries them. '' stands for a client that names none. */
export interface Subprotocols {
  readonly websocket: readonly string[]
  readonly spdy: readonly string[]
}

const protocolHeader = 'x-stream-protocol-version'

/**
 * Switches protocols, choosing the first subprotocol of the client's that the server speaks; or
 * answers with an error, hangs up and throws StreamingError UpgradeRefused.
 */
export function acceptUpgrade(request: UpgradeRequest, spoken: Subprotocols): Upgraded {
  const kind = requestedUpgrade(request.headers)
  if (kind === undefined) {
    refuse(request, 400, 'unable to upgrade: missing upgrade headers in request')
  }
  return kind === 'websocket'
    ? acceptWebSocket(request, spoken.websocket)
    : acceptSpdy(request, spoken.spdy)
}

/** Answers an upgrade with an error and hangs up. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  message: string,
  headers: readonly string[] = [],
): void {
  const lines = [
    `HTTP/1.1 ${status} ${statusText.get(status) ?? 'Error'}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(message)}`,
    'Connection: close',
    ...headers,
  ]
  // A client that is gone already is no fault.
  socket.on('error', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${message}`)
}

const statusText = new Map([
  [400, 'Bad Request'],
  [403, 'Forbidden'],
  [426, 'Upgrade Required'],
])

function acceptWebSocket(request: UpgradeRequest, spoken: readonly string[]): Upgraded {
  const { headers } = request
  if (headers['sec-websocket-version'] !== '13') {
    refuse(request, 426, 'unable to upgrade: unknown WebSocket version', [
      'Sec-WebSocket-Version: 13',
    ])
  }
  const key = headers['sec-websocket-key'] ?? ''
  if (Buffer.from(key, 'base64').length !== 16) {
    refuse(request, 400, 'unable to upgrade: the WebSocket key is not of 16 bytes')
  }
  const offered = words(headers['sec-websocket-protocol'])
  const subprotocol = choose(offered, spoken)
  if (subprotocol === undefined) refuse(request, 403, unspoken(offered, spoken))
  return switchProtocols(request, 'websocket', subprotocol, [
    'Upgrade: websocket',
    `Sec-WebSocket-Accept: ${webSocketAccept(key)}`,
    ...(subprotocol === '' ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
  ])
}

/** What a server answers a client's key with (RFC 6455, section 4.2.2). */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

function acceptSpdy(request: UpgradeRequest, spoken: readonly string[]): Upgraded {
  const header = request.headers[protocolHeader]
  const offered = words(Array.isArray(header) ? header.join(',') : header)
  const subprotocol = choose(offered, spoken)
  if (subprotocol === undefined) {
    const accepted = spoken.filter((name) => name !== '')
    refuse(
      request,
      403,
      unspoken(offered, spoken),
      accepted.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`),
    )
  }
  return switchProtocols(request, 'spdy', subprotocol, [
    'Upgrade: SPDY/3.1',
    ...(subprotocol === '' ? [] : [`X-Stream-Protocol-Version: ${subprotocol}`]),
  ])
}

function switchProtocols(
  request: UpgradeRequest,
  kind: 'websocket' | 'spdy',
  subprotocol: string,
  lines: readonly string[],
): Upgraded {
  const { socket, head } = request
  const pipe = socketPipe(socket, head)
  const response = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', ...lines]
  socket.write(`${response.join('\r\n')}\r\n\r\n`)
  return { kind, subprotocol, pipe }
}

function choose(offered: readonly string[], spoken: readonly string[]): string | undefined {
  if (offered.length === 0) return spoken.includes('') ? '' : undefined
  return offered.find((name) => name !== '' && spoken.includes(name))
}

function unspoken(offered: readonly string[], spoken: readonly string[]): string {
  const list = (names: readonly string[]) => `[${names.filter((name) => name !== '').join(' ')}]`
  const words = `client supports ${list(offered)}, server accepts ${list(spoken)}`
  return `unable to upgrade: unable to negotiate protocol: ${words}`
}

function refuse(
  request: UpgradeRequest,
  status: number,
  message: string,
  headers: readonly string[] = [],
): never {
  refuseUpgrade(request.socket, status, message, headers)
  throw new StreamingError('UpgradeRefused', message, { httpStatus: status })
}

function words(header: string | undefined): string[] {
  if (header === undefined) return []
  return header
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

function listed(header: string | undefined): string[] {
  return words(header).map((word) => word.toLowerCase())
}
