import { hostname } from 'node:os'
import {
  Health,
  serveHttps,
  type ApiRequest,
  type ApiResponse,
  type HealthCheck,
  type HttpsServer,
} from '#apiserver'
import { processMetrics, type Clock, type Log, type Random } from '#base'
import {
  generateKeyPair,
  issueCertificate,
  privateKeyToPem,
  selfSignAuthority,
  type AlternativeNames,
} from '#pki'
import { isLoopback, localAddress, urlOf } from '../addresses.ts'
import { ClusterError, codeOf } from '../error.ts'
import { listenError } from '../listen-error.ts'

/** Where a component serves its health; upstream's --bind-address, --secure-port and --tls flags. */
export interface Serving {
  /** An address of this machine; 0.0.0.0 and :: are all of them. */
  readonly bindAddress: string
  /** 0: any that is free. */
  readonly port: number
  /** PEM. Undefined: one that is made now, which nobody has a reason to trust. */
  readonly credential: { readonly certificate: string; readonly key: string } | undefined
}

export interface Served {
  readonly checks: readonly HealthCheck[]
  /** The exposition format of Prometheus; the process's own metrics are added. */
  metrics(): string
}

interface Services {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** An answer under way has this long to end. */
const closeMs = 1_000

/**
 * Serves /healthz, /livez, /readyz and /metrics over HTTPS, to whoever asks. Rejects with a
 * ClusterError when the port cannot be had or the certificate cannot be used.
 */
// Differs from Kubernetes: nobody is authenticated, so /metrics is as open as the health checks.
export async function serveHealth(
  { bindAddress, port, credential }: Serving,
  services: Services,
  served: Served,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { clock, log } = services
  const health = new Health([
    { name: 'ping', of: ['healthz', 'livez', 'readyz'], check: () => undefined },
    ...served.checks,
  ])
  let server: HttpsServer
  try {
    server = await serveHttps({
      handler: { serve: (request) => answer(request, health, served) },
      clock,
      log,
      hosts: [bindAddress],
      port,
      ...(credential ?? selfMade(bindAddress, services)),
      clientCas: [],
    })
  } catch (error) {
    if (credential !== undefined && String(codeOf(error)).startsWith('ERR_OSSL')) {
      const why = '--tls-cert-file and --tls-private-key-file hold no certificate with its key'
      throw new ClusterError(why, { cause: error })
    }
    throw listenError('--secure-port', error)
  }
  return {
    url: urlOf(localAddress([bindAddress]), server.port),
    close: () => server.close(closeMs),
  }
}

async function answer(request: ApiRequest, health: Health, served: Served): Promise<ApiResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return text('method not allowed', 405)
  if (request.path === '/metrics') {
    const type = 'text/plain; version=0.0.4; charset=utf-8'
    return text(`${await processMetrics()}${served.metrics()}`, 200, type)
  }
  const found = health.answer(request)
  if (found === undefined) return text('404 page not found', 404)
  const headers = { 'content-type': found.contentType, ...found.headers }
  return { code: found.code, headers, body: { type: 'bytes', bytes: found.bytes } }
}

function text(content: string, code: number, type = 'text/plain; charset=utf-8'): ApiResponse {
  const headers = { 'content-type': type, 'x-content-type-options': 'nosniff' }
  return { code, headers, body: { type: 'bytes', bytes: Buffer.from(content) } }
}

const backdateMs = 5 * 60_000
const lifetimeMs = 365 * 24 * 60 * 60_000

/** For this process only: the authority's key is forgotten with the signature. */
function selfMade(
  bindAddress: string,
  { clock, random }: Services,
): { certificate: string; key: string } {
  const now = clock.now()
  const validity = { notBeforeMs: now - backdateMs, notAfterMs: now + lifetimeMs }
  const host = hostname()
  const authorityKey = generateKeyPair('ecdsa-p256', random)
  const subject = { commonName: `${host}-ca@${Math.floor(now / 1000)}`, organizations: [] }
  const authority = selfSignAuthority({ subject, ...validity }, authorityKey, random)
  const key = generateKeyPair('ecdsa-p256', random)
  const certificate = issueCertificate(
    {
      subject: { commonName: `${host}@${Math.floor(now / 1000)}`, organizations: [] },
      publicKey: key.publicKey,
      usages: ['digital signature', 'key encipherment', 'server auth'],
      alternativeNames: namesOf(bindAddress, host),
      ...validity,
    },
    { certificate: authority, key: authorityKey },
    random,
  )
  return {
    certificate: `${certificate.pem}${authority.pem}`,
    key: privateKeyToPem(key.privateKey),
  }
}

function namesOf(bindAddress: string, host: string): Partial<AlternativeNames> {
  const ipAddresses = ['127.0.0.1', '::1']
  const isOne = bindAddress !== '0.0.0.0' && bindAddress !== '::' && !isLoopback(bindAddress)
  if (isOne) ipAddresses.push(bindAddress)
  return { dnsNames: [host, 'localhost'], ipAddresses }
}
