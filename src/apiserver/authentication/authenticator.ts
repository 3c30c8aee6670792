import { errors } from '#machinery'
import { asError } from '#base'
import type { ApiRequest } from '../request.ts'
import { anonymousName, groups, type UserInfo } from './user.ts'

/** What a request brings to prove who makes it. */
export interface Credentials {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** DER bytes of the TLS client certificate, unverified. */
  readonly peerCertificate: Uint8Array | undefined
  /** Sec-WebSocket-Protocol, split. Empty when the request is no WebSocket upgrade. */
  readonly websocketProtocols: readonly string[]
  /** Read by the front proxy authenticator only. */
  readonly headers?: RequestHeaders
}

/** A request's headers, by lower-case name; every value of a repeated one on its own. */
export interface RequestHeaders {
  headers(name: string): readonly string[]
  headerNames(): Iterable<string>
}

/** The credentials of a request, as every transport brings them. */
export function credentialsOf(request: ApiRequest): Credentials {
  const protocols = request.headers('sec-websocket-protocol')
  return {
    authorization: request.header('authorization'),
    peerCertificate: request.peer.certificate,
    websocketProtocols: protocols
      .flatMap((value) => value.split(','))
      .map((protocol) => protocol.trim()),
    headers: request,
  }
}

/**
 * Tells who makes a request. Undefined is no opinion: these credentials are not of its kind. It
 * rejects with a CredentialsError when they are of its kind and bad; what `authenticationChain`
 * makes of several authenticators rejects with the API's 401.
 */
export interface Authenticator {
  authenticate(request: Credentials): Promise<UserInfo | undefined>
}

/** A token's user, with the audiences of those asked for that the token is meant for. */
export interface AuthenticatedToken {
  readonly user: UserInfo
  readonly audiences: readonly string[]
}

/** The same for a bearer token, also used by TokenReview with audiences of its own. */
export interface TokenAuthenticator {
  authenticateToken(
    token: string,
    audiences: readonly string[],
  ): Promise<AuthenticatedToken | undefined>
}

/** Credentials of a known kind that are not good. The message goes to logs and TokenReview only. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
}

/**
 * Asks each authenticator until one knows the user. When none does and one refused, the request is
 * refused: bad credentials never fall back to anonymous. Without credentials it is anonymous, or
 * refused where that is off. Every user but the anonymous joins system:authenticated.
 */
export function authenticationChain(
  authenticators: readonly Authenticator[],
  options: { readonly anonymous: boolean },
): { authenticate(request: Credentials): Promise<UserInfo> } {
  return {
    async authenticate(request) {
      const refusals: Error[] = []
      for (const authenticator of authenticators) {
        try {
          const user = await authenticator.authenticate(request)
          if (user !== undefined) return withAuthenticatedGroup(user)
        } catch (error) {
          refusals.push(asError(error))
        }
      }
      if (refusals.length === 0 && options.anonymous) return anonymous
      // What was wrong with the credentials is for the log, not for who presented them.
      const refusal = errors.unauthorized('Unauthorized')
      refusal.cause = refusals.length > 1 ? new AggregateError(refusals) : refusals[0]
      throw refusal
    },
  }
}

/** The first token authenticator that knows the token; else the refusals as one, or no opinion. */
export function tokenChain(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const refusals: Error[] = []
      for (const authenticator of authenticators) {
        try {
          const found = await authenticator.authenticateToken(token, audiences)
          if (found !== undefined) return found
        } catch (error) {
          refusals.push(asError(error))
        }
      }
      if (refusals.length === 0) return undefined
      const messages = refusals.map(({ message }) => message)
      const text = messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`
      throw new CredentialsError(text, { cause: refusals[0] })
    },
  }
}

export const anonymous: UserInfo = {
  name: anonymousName,
  uid: '',
  groups: [groups.unauthenticated],
  extra: {},
}

function withAuthenticatedGroup(user: UserInfo): UserInfo {
  const { authenticated, unauthenticated } = groups
  if (user.name === anonymousName) return user
  if (user.groups.includes(authenticated) || user.groups.includes(unauthenticated)) return user
  return { ...user, groups: [...user.groups, authenticated] }
}
