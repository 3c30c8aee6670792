import { errors, quote } from '#machinery'
import type { Answer } from '../request.ts'
import type { SubresourceCall } from './subresource.ts'

/** What is wanted of a kubelet: one request to its server. */
export interface NodeRequest {
  readonly node: string
  /** On the kubelet: `/containerLogs/<namespace>/<pod>/<container>`, `/exec/…`, with its query. */
  readonly path: string
  readonly call: SubresourceCall
}

/**
 * The way to kubelets, and to pods and Services behind them. It answers for the subresources log,
 * exec, attach, portForward and proxy; where it cannot get through it throws a 503 that says so.
 */
export interface NodeConnections {
  kubelet(request: NodeRequest): Promise<Answer>
  /** To an address of the pod network, for the proxy subresources of pods and Services. */
  address(host: string, port: string, path: string, call: SubresourceCall): Promise<Answer>
}

/** Of a server that has no way to its nodes. */
export const noNodeConnections: NodeConnections = {
  async kubelet({ node }) {
    throw errors.serviceUnavailable(
      `error trying to reach service: this server has no connection to node ${quote(node)}`,
    )
  },
  async address(host, port) {
    throw errors.serviceUnavailable(
      `error trying to reach service: this server has no connection to ${host}:${port}`,
    )
  },
}
