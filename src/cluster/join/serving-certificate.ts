import { asError, Backoff, formatTime, type Clock, type Log, type Random } from '#base'
import type { Client } from '#client'
import type { ServingCertificate } from '#kubelet'
import { privateKeyToPem, type Credential } from '#pki'
import { sleepUntil } from '../wall-time.ts'
import { renewalGapMs, renewalRetryMaxMs, renewalRetryMinMs } from './limits.ts'
import type { NodeCertificates } from './node-certificates.ts'
import type { NodeDirectory } from './node-directory.ts'
import { renewalTimeMs } from './renewal-time.ts'

/** What a node is reached by: names, and IP addresses. */
export interface NodeAddresses {
  readonly names: readonly string[]
  readonly ips: readonly string[]
}

export interface KeptServingOptions {
  readonly certificates: NodeCertificates
  readonly directory: NodeDirectory
  /** Acts as the node. */
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Keeps a serving certificate for the addresses that are wanted at the time. */
export class KeptServing implements ServingCertificate, AsyncDisposable {
  readonly #options: KeptServingOptions
  readonly #stopping = new AbortController()
  readonly #watchers = new Set<() => void>()
  readonly #backoff: Backoff
  #credential: Credential | undefined
  #pem: { readonly certificate: string; readonly key: string } | undefined
  #wanted: NodeAddresses = { names: [], ips: [] }
  /** Ends what is being done for addresses that are no longer wanted. */
  #changed = new AbortController()
  #running: Promise<void> | undefined
  #dueMs = 0

  constructor(options: KeptServingOptions) {
    this.#options = options
    const { directory, certificates, clock, random } = options
    this.#backoff = new Backoff(clock, random, {
      initialMs: renewalRetryMinMs,
      maxMs: renewalRetryMaxMs,
      jitter: 0.2,
    })
    const kept = directory.credential('serving')
    if (kept !== undefined && certificates.isGood('serving', kept)) this.#adopt(kept)
  }

  current(): { readonly certificate: string; readonly key: string } | undefined {
    return this.#pem
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  /** A certificate that says more than is wanted will do. */
  want({ names, ips }: NodeAddresses): void {
    this.#wanted = { names: [...new Set(names)].sort(), ips: [...new Set(ips)].sort() }
    if (!this.#covers()) {
      this.#dueMs = 0
      this.#changed.abort()
      this.#changed = new AbortController()
    }
    this.#running ??= this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options
    const { signal: stopped } = this.#stopping
    while (!stopped.aborted) {
      const { signal: changed } = this.#changed
      const signal = AbortSignal.any([stopped, changed])
      try {
        await sleepUntil(clock, this.#dueMs, signal)
        await this.#renew(signal)
      } catch (error) {
        if (stopped.aborted) return
        if (changed.aborted) {
          this.#backoff.reset()
          continue
        }
        log.warn('serving certificate was not issued', { error: asError(error).message })
        this.#dueMs = clock.now() + this.#backoff.next()
      }
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { certificates, client, clock, log } = this.#options
    const { names: dnsNames, ips: ipAddresses } = this.#wanted
    const credential = await certificates.obtain(
      'serving',
      { dnsNames, ipAddresses },
      { client, shown: 'certificate' },
      signal,
    )
    this.#adopt(credential)
    this.#dueMs = Math.max(this.#dueMs, clock.now() + renewalGapMs)
    this.#backoff.reset()
    log.info('serving certificate was issued', {
      until: formatTime(credential.certificate.notAfterMs),
    })
    for (const changed of this.#watchers) changed()
  }

  #adopt(credential: Credential): void {
    const { certificate, key } = credential
    this.#credential = credential
    this.#pem = { certificate: certificate.pem, key: privateKeyToPem(key.privateKey) }
    this.#dueMs = renewalTimeMs(certificate, this.#options.random)
  }

  #covers(): boolean {
    const { dnsNames = [], ipAddresses = [] } = this.#credential?.certificate.alternativeNames ?? {}
    const { names, ips } = this.#wanted
    return (
      names.every((name) => dnsNames.includes(name)) && ips.every((ip) => ipAddresses.includes(ip))
    )
  }
}
