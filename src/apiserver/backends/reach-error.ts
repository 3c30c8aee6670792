import { asError } from '#base'

/** No connection, or none that can be trusted; the message is worded as Go words it. */
export class ReachError extends Error {
  override readonly name = 'ReachError'
}

const connectWords: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connect: connection refused'],
  ['EHOSTUNREACH', 'connect: no route to host'],
  ['ENETUNREACH', 'connect: network is unreachable'],
  ['EADDRNOTAVAIL', 'connect: cannot assign requested address'],
  ['ETIMEDOUT', 'connect: connection timed out'],
])

const certificateWords: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'certificate has expired or is not yet valid'],
  ['CERT_NOT_YET_VALID', 'certificate has expired or is not yet valid'],
  ['INVALID_PURPOSE', 'certificate specifies an incompatible key usage'],
  ...[
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_SIGNATURE_FAILURE',
  ].map((code) => [code, 'certificate signed by unknown authority'] as const),
])

/** What stood in the way to `address`, which is HOST:PORT. */
export function reachError(cause: unknown, address: string): ReachError {
  if (cause instanceof ReachError) return cause
  return new ReachError(wordsOf(cause, address), { cause })
}

/** The connection was not made in time. */
export function dialTimeout(address: string): ReachError {
  return new ReachError(`dial tcp ${address}: i/o timeout`)
}

function wordsOf(cause: unknown, address: string): string {
  const error = asError(cause)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const connect = connectWords.get(code)
  if (connect !== undefined) return `dial tcp ${address}: ${connect}`
  const certificate = certificateWords.get(code)
  if (certificate !== undefined) return `tls: failed to verify certificate: x509: ${certificate}`
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${error.message}`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`
    case 'ECONNRESET':
      return error.message === 'socket hang up' ? 'EOF' : 'read: connection reset by peer'
    case 'EPIPE':
      return 'write: broken pipe'
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client'
    default:
      return code.startsWith('HPE_') ? `malformed HTTP response: ${error.message}` : error.message
  }
}
