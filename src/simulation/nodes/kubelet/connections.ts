import { logRefusal, type Answer, type NodeConnections } from '#apiserver'
import { encodeUtf8, errors } from '#machinery'
import type { SimulatedNodes } from '../simulated-nodes.ts'
import type { KubeletReply } from './kubelet-api.ts'

/**
 * The way of an API server to its nodes, where some are simulated by the same process: those answer
 * at once and without a socket, as a simulation asks. For all others it is `network`.
 */
export class SimulatedConnections implements NodeConnections {
  readonly #network: NodeConnections
  #nodes: SimulatedNodes | undefined

  constructor(network: NodeConnections) {
    this.#network = network
  }

  /** Undefined: there are none any more. */
  attach(nodes: SimulatedNodes | undefined): void {
    this.#nodes = nodes
  }

  async log(request: Parameters<NodeConnections['log']>[0]): Promise<Answer> {
    const reply = this.#simulated(request.node, 'GET', request.path)
    if (reply === undefined) return this.#network.log(request)
    if (reply.code >= 400 && typeof reply.body === 'string') {
      throw logRefusal(reply.code, reply.body.trimEnd(), request.call.info.name)
    }
    return answerOf(reply)
  }

  async command(request: Parameters<NodeConnections['command']>[0]): Promise<Answer> {
    const reply = this.#simulated(request.node, 'POST', request.path)
    return reply === undefined ? this.#network.command(request) : answerOf(reply)
  }

  async portForward(request: Parameters<NodeConnections['portForward']>[0]): Promise<Answer> {
    const reply = this.#simulated(request.node, 'POST', request.path)
    return reply === undefined ? this.#network.portForward(request) : answerOf(reply)
  }

  async proxy(...[target, path, call]: Parameters<NodeConnections['proxy']>): Promise<Answer> {
    const { method, query } = call.request
    const asked = `${path.path}?${query.toString()}`
    const reply =
      target.type === 'kubelet' ? this.#simulated(target.node, method, asked) : undefined
    return reply === undefined ? this.#network.proxy(target, path, call) : answerOf(reply)
  }

  /** What the node's kubelet answers; undefined where it is none of ours. */
  #simulated(
    { metadata, status }: Parameters<NodeConnections['log']>[0]['node'],
    method: string,
    pathAndQuery: string,
  ): KubeletReply | undefined {
    const node = metadata.name ?? ''
    if (this.#nodes === undefined || !this.#nodes.has(node)) return undefined
    if (!this.#nodes.isAlive(node)) {
      const address = status.addresses?.[0]?.address ?? node
      throw errors.serviceUnavailable(
        `error trying to reach service: dial tcp ${address}: connect: no route to host`,
      )
    }
    const [path = '', search = ''] = pathAndQuery.split('?', 2)
    const query = new URLSearchParams(search)
    return this.#nodes.kubelets.answer({ node, method, path, query })
  }
}

function answerOf({ code, contentType, body }: KubeletReply): Answer {
  return typeof body === 'string'
    ? { type: 'document', code, contentType, bytes: encodeUtf8(body) }
    : { type: 'passed', code, headers: { 'content-type': contentType }, cookies: [], body }
}
