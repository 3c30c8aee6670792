import { withoutBearerProtocol } from '../authentication/bearer.ts'
import type { ApiRequest } from '../request.ts'

/** Of one connection, and no business of the next (RFC 9110, section 7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Of old HTTP/2 upgrades.
  'http2-settings',
])

/** What the server has read for itself; who it was told by must not be told to others. */
const own: ReadonlySet<string> = new Set(['authorization', 'expect', 'host'])
const ownPrefixes = ['impersonate-', 'x-remote-']

/** Answers pass on without what they say of other origins: that is the API server's to decide. */
const crossOrigin: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
])

type Headers = Readonly<Record<string, string>>

/**
 * The headers of a request as they are passed on, by lower-case name. `uri` is the path by which the
 * client asked for it.
 */
export function requestHeaders(request: ApiRequest, uri: string): Headers {
  const dropped = connectionNames(request.header('connection'))
  const headers: Record<string, string> = {}
  for (const name of request.headerNames()) {
    if (hopByHop.has(name) || own.has(name) || dropped.has(name)) continue
    if (ownPrefixes.some((prefix) => name.startsWith(prefix))) continue
    const value = request.header(name)
    if (value !== undefined) headers[name] = value
  }
  const before = request.header('x-forwarded-for')
  const { address } = request.peer
  const chain = [before, address].filter((each) => each !== undefined && each !== '')
  if (chain.length > 0) headers['x-forwarded-for'] = chain.join(', ')
  headers['x-forwarded-uri'] = uri
  const host = request.header('host')
  return host === undefined ? headers : { host, ...headers }
}

/** The same of a request for another protocol; a token among the subprotocols stays here. */
export function upgradeHeaders(headers: Headers, upgrade: string): Headers {
  const { 'sec-websocket-protocol': protocols, ...others } = headers
  const kept = withoutBearerProtocol((protocols ?? '').split(',').map((name) => name.trim()))
  const offered = kept.filter((name) => name !== '').join(', ')
  return {
    ...others,
    ...(offered === '' ? {} : { 'sec-websocket-protocol': offered }),
    connection: 'Upgrade',
    upgrade,
  }
}

/** The headers of an answer as they are passed on; Set-Cookie apart, whose values cannot be joined. */
export function responseHeaders(given: Readonly<Record<string, readonly string[] | undefined>>): {
  readonly headers: Headers
  readonly cookies: readonly string[]
} {
  const dropped = connectionNames(given['connection']?.join(','))
  const headers: Record<string, string> = {}
  for (const [name, values = []] of Object.entries(given)) {
    if (name === 'set-cookie' || hopByHop.has(name) || dropped.has(name)) continue
    if (crossOrigin.has(name)) continue
    // Two lengths that differ would be two answers.
    headers[name] = name === 'content-length' ? (values[0] ?? '') : values.join(', ')
  }
  return { headers, cookies: given['set-cookie'] ?? [] }
}

/** What a Connection header names is of that connection, too. */
function connectionNames(header: string | undefined): ReadonlySet<string> {
  return new Set((header ?? '').split(',').map((name) => name.trim().toLowerCase()))
}
