import type { Clock } from '#base'
import { parseCertificate, verifyCertificate, type Certificate } from '#pki'
import { CredentialsError, type Authenticator } from './authenticator.ts'
import { extraKeys, type UserInfo } from './user.ts'

/** The attribute of a subject that holds a user's uid (Kubernetes' private enterprise number). */
const uidOid = '1.3.6.1.4.1.57683.2'

/** Parsed certificates kept: one for each client that is connected, in the usual case. */
const parsedMax = 1000

/**
 * Client certificates: the common name is the user, organizations are groups. The chain is checked
 * for every request, so that a certificate ends when it expires and not when its connection does.
 */
export function x509Authenticator(options: {
  readonly clock: Clock
  readonly authorities: () => readonly Certificate[]
}): Authenticator {
  const certificates = new CertificateCache()
  return {
    async authenticate({ peerCertificate }) {
      const roots = options.authorities()
      if (peerCertificate === undefined || roots.length === 0) return undefined
      const certificate = certificates.parse(peerCertificate)
      certificates.verify(certificate, roots, options.clock.now())
      return userOf(certificate)
    },
  }
}

function userOf(certificate: Certificate): UserInfo | undefined {
  const { commonName, organizations, others = [] } = certificate.subject
  if (commonName === '') return undefined
  const uids = others.filter(({ oid }) => oid === uidOid)
  if (uids.length > 1) throw new CredentialsError('expected 1 UID, but found multiple')
  return {
    name: commonName,
    uid: uids[0]?.value ?? '',
    groups: organizations,
    extra: { [extraKeys.credentialId]: [`X509SHA256=${certificate.fingerprint}`] },
  }
}

/**
 * Parsing and checking signatures once for each certificate; times are checked at every use, those
 * of its authorities included, because the chain found is kept with it.
 */
export class CertificateCache {
  readonly #parsed = new Map<string, Certificate>()
  /** The same by the very bytes, which all requests of a connection share. */
  readonly #known = new WeakMap<Uint8Array, Certificate>()
  readonly #chains = new WeakMap<
    Certificate,
    { readonly roots: readonly Certificate[]; readonly chain: readonly Certificate[] }
  >()

  parse(der: Uint8Array): Certificate {
    const before = this.#known.get(der)
    if (before !== undefined) return before
    const certificate = this.#parse(der)
    this.#known.set(der, certificate)
    return certificate
  }

  #parse(der: Uint8Array): Certificate {
    const key = Buffer.from(der).toString('latin1')
    const known = this.#parsed.get(key)
    if (known !== undefined) return known
    try {
      const certificate = parseCertificate(der)
      if (this.#parsed.size >= parsedMax) this.#parsed.clear()
      this.#parsed.set(key, certificate)
      return certificate
    } catch (error) {
      throw new CredentialsError('the client certificate cannot be read', { cause: error })
    }
  }

  /** Throws a CredentialsError unless a chain leads to a root, valid now and for clients. */
  verify(certificate: Certificate, roots: readonly Certificate[], atMs: number): void {
    const known = this.#chains.get(certificate)
    const current = known?.chain.every(
      ({ notBeforeMs, notAfterMs }) => notBeforeMs <= atMs && atMs <= notAfterMs,
    )
    if (known?.roots === roots && current === true) return
    try {
      const chain = verifyCertificate(certificate, { roots, atMs, usage: 'client auth' })
      this.#chains.set(certificate, { roots, chain })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const { serialNumber } = certificate
      const message = `verifying certificate SN=${serialNumber} failed: ${why}`
      throw new CredentialsError(message, { cause: error })
    }
  }
}
