import type { Clock, Random } from '#base'
import { errors } from '#machinery'
import type { UpgradeTarget } from '#streaming'
import { readableSource } from '../https/readable-source.ts'
import type { KubeletRequest, NodeConnections, ProxyTarget } from '../kinds/node-connections.ts'
import type { ProxiedPath } from '../kinds/proxied-path.ts'
import type { Answer, ApiRequest } from '../request.ts'
import { passCommand, passPortForward } from './command-passage.ts'
import {
  addressOf,
  ConnectionPool,
  dial,
  kubeletTls,
  unverifiedTls,
  type Endpoint,
  type KubeletCredentials,
} from './endpoint.ts'
import { exchange, type ExchangeContext } from './exchange.ts'
import { kubeletLocation, type KubeletLocation } from './kubelet-location.ts'
import { refusalBytesMax } from './limits.ts'
import { logRefusal } from './log-refusal.ts'
import { OpenStreams } from './open-streams.ts'
import { passProxy } from './proxy-passage.ts'
import { ReachError } from './reach-error.ts'
import { readText } from './refusal.ts'
import { unexplained } from './unexplained.ts'

export interface NetworkConnectionsOptions {
  readonly clock: Clock
  readonly random: Random
  /** Asked for each connection, so that they may be renewed. */
  credentials(): KubeletCredentials
  /** Where a node's kubelet is, for nodes that are elsewhere than their status says. */
  locate?(node: KubeletRequest['node']): KubeletLocation | undefined
}

/** The way to nodes over the network, with connections that are kept for the next request. */
export class NetworkConnections implements NodeConnections {
  readonly #options: NetworkConnectionsOptions
  readonly #pool = new ConnectionPool()
  readonly #streams = new OpenStreams()
  readonly #closing = new AbortController()

  constructor(options: NetworkConnectionsOptions) {
    this.#options = options
  }

  async log(request: KubeletRequest & { readonly insecure: boolean }): Promise<Answer> {
    const { node, path, insecure, call } = request
    const endpoint = this.#kubelet(node, insecure)
    const outgoing = { method: 'GET', path, headers: hostOf(endpoint), body: undefined }
    const incoming = await exchange(endpoint, outgoing, this.#context(call.request)).catch(
      (error: unknown) => {
        if (!(error instanceof ReachError)) throw error
        throw unexplained(`Get "https://${addressOf(endpoint)}${path}": ${error.message}`)
      },
    )
    if (incoming.type === 'upgrade') {
      incoming.socket.destroy()
      throw unexplained('the kubelet has switched protocols unasked')
    }
    const { statusCode: code = 502 } = incoming.message
    const body = readableSource(incoming.message)
    if (code < 200 || code > 206) {
      throw logRefusal(code, await readText(body, refusalBytesMax), call.info.name)
    }
    const headers = { 'content-type': 'text/plain' }
    return { type: 'passed', code: 200, headers, cookies: [], body }
  }

  async command(request: Parameters<NodeConnections['command']>[0]): Promise<Answer> {
    return passCommand(this.#target(request), request.wants, this.#passage())
  }

  async portForward(request: Parameters<NodeConnections['portForward']>[0]): Promise<Answer> {
    return passPortForward(this.#target(request), request.ports, this.#passage())
  }

  async proxy(target: ProxyTarget, path: ProxiedPath, { request }: KubeletRequest['call']) {
    const endpoint = target.type === 'kubelet' ? this.#kubelet(target.node) : addressed(target)
    const passage = { endpoint, request, path, streams: this.#streams }
    return passProxy(passage, this.#context(request))
  }

  /** Ends everything under way and drops the connections; what comes later fails. */
  close(): void {
    this.#closing.abort(new Error('the server is stopping'))
    this.#streams.endAll()
    this.#pool.close()
  }

  #kubelet(node: KubeletRequest['node'], insecure = false): Endpoint {
    const { host, port } = this.#options.locate?.(node) ?? kubeletLocation(node)
    const name = node.metadata.name ?? ''
    const tls = kubeletTls(this.#options.credentials(), { host, node: name })
    return { host, port, tls: insecure ? { ...tls, rejectUnauthorized: false } : tls }
  }

  /** Only SPDY says over all kubelets' versions where stdin ends. */
  #target({ node, path, call }: KubeletRequest): UpgradeTarget {
    const endpoint = this.#kubelet(node)
    const { clock, signal } = this.#context(call.request)
    return {
      dial: () => dial(endpoint, clock, signal),
      host: addressOf(endpoint),
      path,
      carriers: ['spdy'],
    }
  }

  #context(request: ApiRequest): ExchangeContext {
    const signal = AbortSignal.any([request.signal, this.#closing.signal])
    return { clock: this.#options.clock, pool: this.#pool, signal }
  }

  #passage() {
    const { clock, random } = this.#options
    return { clock, random, streams: this.#streams }
  }
}

function hostOf(endpoint: Endpoint) {
  return { host: addressOf(endpoint) }
}

/** Throws a 503 for ports that are none. */
function addressed(target: Extract<ProxyTarget, { readonly type: 'address' }>): Endpoint {
  const { scheme, host, port: text = scheme === 'https' ? '443' : '80' } = target
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) {
    throw errors.serviceUnavailable(
      `error trying to reach service: dial tcp: lookup tcp/${text}: unknown port`,
    )
  }
  return { host, port, tls: scheme === 'https' ? unverifiedTls(host) : undefined }
}
