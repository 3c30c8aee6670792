import { CredentialsError, type Authenticator, type TokenAuthenticator } from './authenticator.ts'

/** Browsers cannot set headers on a WebSocket, so the token may come as a subprotocol. */
const protocolPrefix = 'base64url.bearer.authorization.k8s.io.'

/** Bearer tokens of the Authorization header and of WebSocket subprotocols. */
export function bearerAuthenticator(
  tokens: TokenAuthenticator,
  apiAudiences: readonly string[],
): Authenticator {
  return {
    async authenticate({ authorization, websocketProtocols }) {
      const token = headerToken(authorization) ?? protocolToken(websocketProtocols)
      if (token === undefined) return undefined
      const found = await tokens.authenticateToken(token, apiAudiences)
      if (found === undefined) throw new CredentialsError('invalid bearer token')
      return found.user
    },
  }
}

/** The subprotocols without the token: what may be negotiated and passed on. */
export function withoutBearerProtocol(protocols: readonly string[]): readonly string[] {
  return protocols.filter((protocol) => !protocol.startsWith(protocolPrefix))
}

function headerToken(authorization: string | undefined): string | undefined {
  const [scheme = '', token = ''] = (authorization ?? '').trim().split(' ', 2)
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}

function protocolToken(protocols: readonly string[]): string | undefined {
  const offered = protocols.filter((protocol) => protocol.startsWith(protocolPrefix))
  const [encoded] = offered
  if (encoded === undefined) return undefined
  if (offered.length > 1) {
    throw new CredentialsError('multiple base64.bearer.authorization tokens specified')
  }
  const text = encoded.slice(protocolPrefix.length)
  const bytes = Buffer.from(text, 'base64url')
  if (text === '' || bytes.toString('base64url') !== text) {
    throw new CredentialsError('invalid base64.bearer.authorization token encoding')
  }
  // The server must pick a protocol to speak, and a token is none.
  if (protocols.length === 1) throw new CredentialsError('missing additional subprotocol')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new CredentialsError('invalid base64.bearer.authorization token', { cause: error })
  }
}
