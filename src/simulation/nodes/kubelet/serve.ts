import {
  serveHttps,
  type ApiRequest,
  type ApiResponse,
  type HttpsServer,
  type ServingCertificate,
} from '#apiserver'
import { asError, type Clock, type Log, type Random } from '#base'
import { encodeUtf8 } from '#machinery'
import { generateKeyPair, issueCertificate, privateKeyToPem, type Credential } from '#pki'
import { nodeAddress, nodeIndex, nodeName } from '../node-object.ts'
import type { SimulatedNodes } from '../simulated-nodes.ts'
import { AccessError, checkAccess } from './access.ts'
import type { KubeletReply } from './kubelet-api.ts'

export interface KubeletServerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Signs the kubelets' certificates, and those of the clients that they believe. */
  readonly ca: Credential
  readonly nodes: SimulatedNodes
}

const loopback = '127.0.0.1'
const minuteMs = 60_000
const lifetimeMs = 365 * 24 * 60 * minuteMs

/**
 * Serves the API of all simulated kubelets on one port of loopback. Who connects says by the name of
 * the node (SNI) which one he means, and gets that one's certificate; without, it is all of them.
 * Authenticated and authorized as a kubelet does it.
 */
export function serveKubelets(options: KubeletServerOptions): Promise<HttpsServer> {
  const { clock, log, ca } = options
  const certificates = new Certificates(options)
  return serveHttps({
    handler: { serve: (request) => serve(request, options) },
    clock,
    log,
    hosts: [loopback],
    port: 0,
    ...certificates.of(nodeName(0)),
    certificateFor: (name) => (nodeIndex(name) === undefined ? undefined : certificates.of(name)),
    clientCas: [ca.certificate.pem],
  })
}

/** A certificate for a node, over the one key of all of them. */
class Certificates {
  readonly #options: KubeletServerOptions
  readonly #key

  constructor(options: KubeletServerOptions) {
    this.#options = options
    this.#key = generateKeyPair('ecdsa-p256', options.random)
  }

  of(node: string): ServingCertificate {
    const { clock, random, ca } = this.#options
    const address = nodeAddress(nodeIndex(node) ?? 0)
    const certificate = issueCertificate(
      {
        subject: { commonName: `system:node:${node}`, organizations: ['system:nodes'] },
        publicKey: this.#key.publicKey,
        usages: ['digital signature', 'server auth'],
        alternativeNames: { dnsNames: [node, 'localhost'], ipAddresses: [address, loopback] },
        notBeforeMs: clock.now() - 5 * minuteMs,
        notAfterMs: clock.now() + lifetimeMs,
      },
      ca,
      random,
    )
    return { certificate: certificate.pem, key: privateKeyToPem(this.#key.privateKey) }
  }
}

async function serve(request: ApiRequest, options: KubeletServerOptions): Promise<ApiResponse> {
  const { nodes, clock, ca, log } = options
  const { serverName = '' } = request.peer
  const node = nodes.has(serverName) ? serverName : undefined
  try {
    // Reviews are made in the name of a node.
    const reviewer = node ?? nodeName(0)
    const client = nodes.clientOf(reviewer)
    if (client === undefined) throw new Error(`node ${reviewer} is not registered yet`)
    await checkAccess(request, reviewer, client, { clock, ca: ca.certificate })
    const { method, path, query } = request
    return responseOf(nodes.kubelets.answer({ node, method, path, query }))
  } catch (error) {
    const refused = error instanceof AccessError
    if (!refused) log.warn('a simulated kubelet failed', { error: asError(error) })
    return responseOf({
      code: refused ? error.code : 500,
      contentType: 'text/plain; charset=utf-8',
      body: refused ? error.message : 'Internal Error',
    })
  }
}

function responseOf({ code, contentType, body }: KubeletReply): ApiResponse {
  const headers = { 'content-type': contentType }
  return typeof body === 'string'
    ? { code, headers, body: { type: 'bytes', bytes: encodeUtf8(body) } }
    : { code, headers, body: { type: 'passed', source: body, cookies: [] } }
}
