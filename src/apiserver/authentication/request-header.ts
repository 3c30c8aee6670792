import type { Clock } from '#base'
import type { Certificate } from '#pki'
import { CredentialsError, type Authenticator, type RequestHeaders } from './authenticator.ts'
import type { UserInfo } from './user.ts'
import { CertificateCache } from './x509.ts'

export interface RequestHeaderOptions {
  readonly clock: Clock
  /** Who signs the certificates of proxies that may speak for others. */
  readonly authorities: () => readonly Certificate[]
  /** Common names of such proxies; empty is every certificate of the authorities. */
  readonly allowedNames: readonly string[]
}

/**
 * An authenticating proxy in front of the server names the user in `X-Remote-*` headers, and proves
 * with a client certificate of its own authority that it may. Headers without that prove nothing.
 */
export function requestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  const certificates = new CertificateCache()
  return {
    async authenticate({ peerCertificate, headers }) {
      const user = headers && remoteUser(headers)
      const roots = options.authorities()
      if (user === undefined || peerCertificate === undefined || roots.length === 0) {
        return undefined
      }
      const certificate = certificates.parse(peerCertificate)
      certificates.verify(certificate, roots, options.clock.now())
      const { commonName } = certificate.subject
      if (options.allowedNames.length > 0 && !options.allowedNames.includes(commonName)) {
        throw new CredentialsError(`x509: subject with cn=${commonName} is not in the allowed list`)
      }
      return user
    },
  }
}

function remoteUser(headers: RequestHeaders): UserInfo | undefined {
  const [name = ''] = headers.headers('x-remote-user')
  if (name === '') return undefined
  return {
    name,
    uid: headers.headers('x-remote-uid')[0] ?? '',
    groups: headers.headers('x-remote-group'),
    extra: extraHeaders(headers, 'x-remote-extra-'),
  }
}

/** The headers of a prefix as extra values: keys in order, lower case, percent-decoded. */
export function extraHeaders(
  headers: RequestHeaders,
  prefix: string,
): Readonly<Record<string, readonly string[]>> {
  const names: string[] = []
  for (const name of headers.headerNames()) if (name.startsWith(prefix)) names.push(name)
  if (names.length === 0) return noExtra
  const found = new Map<string, readonly string[]>()
  for (const header of names.sort()) {
    const key = unescapeKey(header.slice(prefix.length))
    found.set(key, [...(found.get(key) ?? []), ...headers.headers(header)])
  }
  return Object.fromEntries(found)
}

const noExtra: Readonly<Record<string, readonly string[]>> = Object.freeze({})

/** A key that is no percent-encoding is taken as it stands, so that no header is lost. */
function unescapeKey(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
