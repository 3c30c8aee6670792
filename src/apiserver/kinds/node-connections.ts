import type { Node } from '#api'
import { errors, quote } from '#machinery'
import type { CommandWants } from '#streaming'
import type { Answer } from '../request.ts'
import type { ProxiedPath } from './proxied-path.ts'
import type { SubresourceCall } from './subresource.ts'

/** What is wanted of a kubelet: one request to its server. */
export interface KubeletRequest {
  readonly node: Node
  /** With its query: `/containerLogs/<namespace>/<pod>/<container>?follow=true`. */
  readonly path: string
  readonly call: SubresourceCall
}

/** Where the proxy subresources lead. */
export type ProxyTarget =
  | { readonly type: 'kubelet'; readonly node: Node }
  | {
      readonly type: 'address'
      readonly scheme: 'http' | 'https'
      readonly host: string
      /** Undefined: that of the scheme. */
      readonly port: string | undefined
    }

/**
 * The way to kubelets, and to pods and Services behind them. Where it cannot get through it throws a
 * StatusError that says so in upstream's words.
 */
export interface NodeConnections {
  /** A container's log; the kubelet's refusals become errors. `insecure`: whoever answers there. */
  log(request: KubeletRequest & { readonly insecure: boolean }): Promise<Answer>
  /** exec and attach: an upgrade, once the kubelet has agreed to one. */
  command(request: KubeletRequest & { readonly wants: CommandWants }): Promise<Answer>
  /** `ports` are those of the query, which the older way over WebSockets needs. */
  portForward(request: KubeletRequest & { readonly ports: readonly number[] }): Promise<Answer>
  /** The call itself, passed on. */
  proxy(target: ProxyTarget, path: ProxiedPath, call: SubresourceCall): Promise<Answer>
}

/** Of a server that has no way to its nodes. */
export const noNodeConnections: NodeConnections = {
  log: unconnected,
  command: unconnected,
  portForward: unconnected,
  async proxy(target) {
    if (target.type === 'kubelet') return unconnected(target)
    throw unreachable(`${target.host}:${target.port ?? ''}`)
  },
}

async function unconnected({ node }: Pick<KubeletRequest, 'node'>): Promise<Answer> {
  throw unreachable(`node ${quote(node.metadata.name ?? '')}`)
}

function unreachable(what: string): Error {
  return errors.serviceUnavailable(
    `error trying to reach service: this server has no connection to ${what}`,
  )
}
