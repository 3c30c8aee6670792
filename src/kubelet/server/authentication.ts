import { createHash } from 'node:crypto'
import { TokenReview } from '#api'
import { withTimeout, type Clock } from '#base'
import type { Client } from '#client'
import { parseCertificate, parseCertificates, PkiError, verifyCertificate } from '#pki'
import type { Certificate } from '#pki'
import { ExpiringCache } from './expiring-cache.ts'
import { limits } from './limits.ts'

/** Who a client is, as the API server knows users. */
export interface User {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface Credentials {
  /** DER. */
  readonly certificate: Uint8Array | undefined
  /** The header. */
  readonly authorization: string | undefined
}

const authenticated = 'system:authenticated'

/**
 * Clients are known by certificates of the cluster's CA, or by bearer tokens, about which the API
 * server is asked. Nobody else is let in.
 */
export class Authenticator {
  readonly #client: Client
  readonly #clock: Clock
  readonly #roots: readonly Certificate[]
  readonly #tokens: ExpiringCache<User | undefined>
  /** Connections hand over the same bytes with each request. */
  readonly #certificates = new WeakMap<Uint8Array, Certificate>()

  /** `clientCa` is PEM; empty, no certificate is good. */
  constructor(client: Client, clock: Clock, clientCa: string) {
    this.#client = client
    this.#clock = clock
    this.#roots = parseCertificates(clientCa)
    this.#tokens = new ExpiringCache(clock, limits.tokensMax)
  }

  /** Undefined for somebody unknown. Rejects where the API server cannot be asked. */
  async authenticate({ certificate, authorization }: Credentials): Promise<User | undefined> {
    const user = certificate === undefined ? undefined : this.#byCertificate(certificate)
    if (user !== undefined) return user
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return undefined
    // Secrets are not kept longer than they are used.
    const key = createHash('sha256').update(token).digest('base64')
    return this.#tokens.get(
      key,
      () => this.#review(token),
      () => limits.tokenMs,
    )
  }

  #byCertificate(der: Uint8Array): User | undefined {
    try {
      const certificate = this.#certificates.get(der) ?? parseCertificate(der)
      this.#certificates.set(der, certificate)
      const atMs = this.#clock.now()
      verifyCertificate(certificate, { roots: this.#roots, atMs, usage: 'client auth' })
      const { commonName, organizations } = certificate.subject
      if (commonName === '') return undefined
      const groups = [...organizations, authenticated]
      return { name: commonName, uid: '', groups, extra: {} }
    } catch (error) {
      if (error instanceof PkiError) return undefined
      throw error
    }
  }

  async #review(token: string): Promise<User | undefined> {
    const asked = this.#client.resource(TokenReview).create({ metadata: {}, spec: { token } })
    const { status } = await withTimeout(this.#clock, asked, limits.reviewMs, 'a TokenReview')
    if (status?.authenticated !== true) return undefined
    const { username = '', uid = '', groups = [], extra = {} } = status.user ?? {}
    return { name: username, uid, groups, extra }
  }
}
