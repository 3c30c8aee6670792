import { asError, Backoff, formatTime, type Clock, type Log, type Random } from '#base'
import { Client, type Transport } from '#client'
import type { ServingCertificate } from '#kubelet'
import type { Credential } from '#pki'
import { ClusterError } from '../error.ts'
import { sleepUntil } from '../wall-time.ts'
import { renewalGapMs, renewalRetryMaxMs, renewalRetryMinMs } from './limits.ts'
import type { Asker, NodeCertificates } from './node-certificates.ts'
import type { NodeDirectory } from './node-directory.ts'
import { renewalTimeMs } from './renewal-time.ts'
import { RotatingTransport } from './rotating-transport.ts'
import { KeptServing, type NodeAddresses } from './serving-certificate.ts'
import type { JoinToken } from './token.ts'

/** Who a node is to its cluster, for as long as it is kept. Disposal ends renewal and calls. */
export interface NodeCredentials extends AsyncDisposable {
  /**
   * Authenticates as `system:node:<name>`; goes on when the certificate is renewed. It belongs to
   * these credentials, which renew themselves by it: dispose of a client made of it after all else.
   */
  readonly transport: Transport
  /** PEM of the CA whose clients the kubelet's server lets in. */
  readonly clientCa: string
  /** Path of `kubelet.conf`, which is always good. */
  readonly kubeconfig: string
  /**
   * The certificate by which the kubelet serves at these addresses, asked for and renewed from now
   * on. It is approved when the Node says the same addresses. Asked again with other addresses, it
   * is replaced by one for those; there is one in all.
   */
  serving(addresses: NodeAddresses): ServingCertificate
}

export interface KeptCredentialsOptions {
  readonly certificates: NodeCertificates
  readonly directory: NodeDirectory
  readonly ca: string
  readonly credential: Credential
  /** For a node that was away until its certificate had expired. */
  readonly token: JoinToken | undefined
  readonly transportOf: (credential: Credential | JoinToken) => Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const noNames = { dnsNames: [], ipAddresses: [] }

export class KeptCredentials implements NodeCredentials {
  readonly clientCa: string
  readonly kubeconfig: string
  readonly #options: KeptCredentialsOptions
  readonly #transport: RotatingTransport
  readonly #client: Client
  readonly #stopping = new AbortController()
  readonly #renewing: Promise<void>
  #credential: Credential
  #serving: KeptServing | undefined

  constructor(options: KeptCredentialsOptions) {
    this.#options = options
    this.clientCa = options.ca
    this.kubeconfig = options.directory.kubeconfig
    this.#credential = options.credential
    this.#transport = new RotatingTransport(options.transportOf(options.credential))
    this.#client = new Client(this.#transport, options.clock)
    this.#renewing = this.#keepRenewed()
  }

  get transport(): Transport {
    return this.#transport
  }

  serving(addresses: NodeAddresses): ServingCertificate {
    this.#serving ??= new KeptServing({ ...this.#options, client: this.#client })
    this.#serving.want(addresses)
    return this.#serving
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#serving?.[Symbol.asyncDispose]()
    await this.#renewing
    await this.#transport[Symbol.asyncDispose]()
  }

  async #keepRenewed(): Promise<void> {
    const { clock, random, log } = this.#options
    const { signal } = this.#stopping
    const backoff = new Backoff(clock, random, {
      initialMs: renewalRetryMinMs,
      maxMs: renewalRetryMaxMs,
      jitter: 0.2,
    })
    let renewAtMs = renewalTimeMs(this.#credential.certificate, random)
    while (!signal.aborted) {
      try {
        await sleepUntil(clock, renewAtMs, signal)
        await this.#renew(signal)
        backoff.reset()
        const dueMs = renewalTimeMs(this.#credential.certificate, random)
        renewAtMs = Math.max(dueMs, clock.now() + renewalGapMs)
      } catch (error) {
        if (signal.aborted) return
        log.error('client certificate was not renewed', { error: asError(error).message })
        renewAtMs = clock.now() + backoff.next()
      }
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { certificates, transportOf, token, clock, log } = this.#options
    const { notAfterMs } = this.#credential.certificate
    let asker: Asker = { client: this.#client, shown: 'certificate' }
    await using stack = new AsyncDisposableStack()
    if (notAfterMs <= clock.now()) {
      if (token === undefined) {
        const at = formatTime(notAfterMs)
        throw new ClusterError(
          `the certificate expired at ${at}: start again with --token; k8ts token create, on the server, makes one`,
        )
      }
      asker = { client: stack.use(new Client(transportOf(token), clock)), shown: 'token' }
    }
    this.#credential = await certificates.obtain('client', noNames, asker, signal)
    this.#transport.rotate(transportOf(this.#credential))
    log.info('client certificate was renewed', {
      until: formatTime(this.#credential.certificate.notAfterMs),
    })
  }
}
