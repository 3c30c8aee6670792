import type { Clock, Log, Random } from '#base'
import type { Client } from '#client'
import { parseCertificates, PkiError, verifyCertificate, type Credential } from '#pki'
import { RefusedError, requestCertificate, type CertificateRequest } from './certificate-request.ts'
import type { NodeDirectory, Purpose } from './node-directory.ts'

export interface NodeCertificatesOptions {
  readonly directory: NodeDirectory
  readonly nodeName: string
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly reachMs: number
  readonly approvalMs: number
}

/** Who asks for a certificate, and what is shown for it. */
export interface Asker {
  readonly client: Client
  readonly shown: 'token' | 'certificate'
}

/** Gets a node's certificates from the cluster into its directory. */
export class NodeCertificates {
  readonly #options: NodeCertificatesOptions

  constructor(options: NodeCertificatesOptions) {
    this.#options = options
  }

  /** What comes is in the directory, whole, when this resolves. */
  async obtain(
    purpose: Purpose,
    names: CertificateRequest['names'],
    { client, shown }: Asker,
    signal: AbortSignal,
  ): Promise<Credential> {
    const { directory, nodeName, server, random } = this.#options
    const options = { ...this.#options, client, peer: { server, shown }, signal }
    // Twice: what a former key was promised may have expired, or be of a CA that is no more.
    for (let first = true; ; first = false) {
      const key = directory.pendingKey(purpose, random)
      const request = { purpose, nodeName, key, names }
      try {
        const pem = await requestCertificate(request, options)
        const credential = { certificate: this.#check(purpose, pem), key }
        if (!credential.certificate.publicKey.equals(key.publicKey)) {
          throw new UnusableError('the certificate that was issued is for another key')
        }
        directory.writeCredential(purpose, credential)
        return credential
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error
        directory.dropPendingKey(purpose)
        if (!first || !(error instanceof UnusableError)) throw error
      }
    }
  }

  /** Whether a credential is of this cluster and still good. */
  isGood(purpose: Purpose, { certificate }: Credential): boolean {
    try {
      this.#check(purpose, certificate.pem)
      return true
    } catch (error) {
      if (error instanceof UnusableError) return false
      throw error
    }
  }

  #check(purpose: Purpose, pem: string) {
    const { ca, clock } = this.#options
    try {
      const [certificate, ...intermediates] = parseCertificates(pem)
      if (certificate === undefined) throw new UnusableError('no certificate was issued')
      verifyCertificate(certificate, {
        roots: parseCertificates(ca),
        intermediates,
        atMs: clock.now(),
        usage: purpose === 'client' ? 'client auth' : 'server auth',
      })
      return certificate
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      throw new UnusableError(`the certificate that was issued is of no use: ${error.message}`, {
        cause: error,
      })
    }
  }
}

class UnusableError extends RefusedError {}
