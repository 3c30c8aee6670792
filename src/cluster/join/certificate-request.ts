import { createHash, type KeyObject } from 'node:crypto'
import { CertificateSigningRequest, type CertificateSigningRequestInput } from '#api'
import { asError, Backoff, type Log } from '#base'
import type { Client } from '#client'
import { hasReason } from '#machinery'
import { createSigningRequest, type AlternativeNames, type KeyPair } from '#pki'
import { ClusterError } from '../error.ts'
import { patiently, type Peer, type StepServices } from './errors.ts'
import { retryMaxMs, retryMinMs } from './limits.ts'

/** A certificate that a node asks its cluster for. */
export interface CertificateRequest {
  readonly purpose: 'client' | 'serving'
  readonly nodeName: string
  readonly key: KeyPair
  readonly names: Pick<AlternativeNames, 'dnsNames' | 'ipAddresses'>
}

export interface RequestOptions extends StepServices {
  readonly client: Client
  /** The API server that `client` speaks to, for messages. */
  readonly peer: Peer
  readonly log: Log
  readonly reachMs: number
  readonly approvalMs: number
}

/** The request was decided against, or not at all. The key is not to be used again. */
export class RefusedError extends ClusterError {}

/**
 * Asks by a CertificateSigningRequest and waits for the certificate, as PEM. Whoever asks again
 * with the same key for the same finds the request that was made before. Rejects with a
 * ClusterError, or with the signal's reason.
 */
export async function requestCertificate(
  request: CertificateRequest,
  options: RequestOptions,
): Promise<string> {
  const { client, peer, reachMs } = options
  const input = inputOf(request)
  const requests = client.resource(CertificateSigningRequest)
  const made = await patiently(options, peer, reachMs, async (signal) => {
    try {
      return await requests.create(input, { signal })
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
      return requests.get(input.metadata.name, { signal })
    }
  })
  return decisionOn(made, options)
}

async function decisionOn(
  made: CertificateSigningRequest,
  options: RequestOptions,
): Promise<string> {
  const { client, clock, random, peer, log, approvalMs, reachMs } = options
  const { name = '', uid } = made.metadata
  const requests = client.resource(CertificateSigningRequest)
  const late = new AbortController()
  const timer = clock.timer(approvalMs, () =>
    late.abort(
      new ClusterError(
        `the certificate request ${name} was not approved within ${approvalMs / 1000} s: look at it with kubectl get csr, and approve it with kubectl certificate approve ${name}`,
      ),
    ),
  )
  const signal = AbortSignal.any([options.signal, late.signal])
  const pace = new Backoff(clock, random, { initialMs: retryMinMs, maxMs: retryMaxMs })
  try {
    for (let csr = made; ;) {
      const found = outcome(csr)
      if (found !== undefined) return found
      const { resourceVersion } = csr.metadata
      const select = { fieldSelector: `metadata.name=${name}`, resourceVersion, signal }
      try {
        for await (const { type, object } of requests.watch(select)) {
          if (type === 'BOOKMARK') continue
          if (type === 'DELETED') throw new RefusedError(`certificate request ${name} was deleted`)
          const decided = outcome(object)
          if (decided !== undefined) return decided
        }
      } catch (error) {
        if (error instanceof ClusterError) throw error
        signal.throwIfAborted()
        log.debug('watch of a certificate request ended', { error: asError(error).message })
      }
      await clock.sleep(pace.next(), signal)
      csr = await patiently({ ...options, signal }, peer, reachMs, (either) =>
        requests.get(name, { signal: either }),
      )
      if (csr.metadata.uid !== uid) throw new RefusedError(`certificate request ${name} is gone`)
    }
  } finally {
    timer.cancel()
  }
}

/** The certificate, or undefined while nothing is decided. Throws where it is decided against. */
function outcome({ metadata, status }: CertificateSigningRequest): string | undefined {
  for (const { type, reason, message } of status.conditions ?? []) {
    if (type !== 'Denied' && type !== 'Failed') continue
    const verb = type === 'Denied' ? 'was denied' : 'failed'
    const why = [reason, message].filter((part) => part !== undefined && part !== '').join(': ')
    throw new RefusedError(
      `the certificate request ${metadata.name} ${verb}${why === '' ? '' : ` (${why})`}`,
    )
  }
  const pem = Buffer.from(status.certificate ?? '', 'base64').toString()
  return pem === '' ? undefined : pem
}

function inputOf({ purpose, nodeName, key, names }: CertificateRequest) {
  const subject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] }
  const usages = [
    'digital signature',
    purpose === 'client' ? 'client auth' : 'server auth',
  ] as const
  const parts = [subject.commonName, ...subject.organizations, ...usages]
  const all = [...parts, ...names.dnsNames, ...names.ipAddresses]
  const [prefix, signerName] =
    purpose === 'client'
      ? ['node-csr-', 'kubernetes.io/kube-apiserver-client-kubelet']
      : ['csr-', 'kubernetes.io/kubelet-serving']
  const pem = createSigningRequest(key, subject, names)
  return {
    metadata: { name: requestName(prefix, key.publicKey, all) },
    spec: { request: Buffer.from(pem).toString('base64'), signerName, usages },
  } satisfies CertificateSigningRequestInput
}

/**
 * Upstream's name of a request: the same key asking for the same thing has the same. `parts` are
 * the subject, the usages and whatever else makes a request another one.
 */
export function requestName(
  prefix: string,
  publicKey: KeyObject,
  parts: readonly string[],
): string {
  const hash = createHash('sha512-256')
  const key = publicKey.export({ format: 'der', type: 'spki' })
  // The delimiter is outside of base64's alphabet, so no two lists of parts are the same text.
  for (const part of [key, ...parts.map((text) => Buffer.from(text))]) {
    hash.update(`${part.toString('base64url')}|`)
  }
  return `${prefix}${hash.digest('base64url')}`
}
