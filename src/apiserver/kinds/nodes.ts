import { Node } from '#api'
import { errors } from '#machinery'
import { kubeletLocation } from '../backends/kubelet-location.ts'
import type { KindDependencies } from './dependencies.ts'
import type { KindHooks } from './kind-hooks.ts'
import { noNodeConnections } from './node-connections.ts'
import { proxiedPath } from './proxied-path.ts'
import { parseProxyId } from './proxy-id.ts'
import { isProxyable } from './proxyable.ts'

const nodeResource = { group: '', resource: 'nodes' }

/** The proxy of a node leads to its kubelet, or to another port of the node's. */
export function nodeHooks({ lookup, nodes = noNodeConnections }: KindDependencies): KindHooks {
  return {
    resource: Node,
    subresources: {
      async proxy(call) {
        const { scheme, name, port } = parseProxyId('node', call.info.name)
        const node = lookup.get<Node>(nodeResource, '', name)
        if (node === undefined) throw errors.notFound(nodeResource, name)
        const path = proxiedPath(call.request.path, call.info)
        if (port === '') return nodes.proxy({ type: 'kubelet', node }, path, call)
        const kubelet = kubeletLocation(node)
        if (port === String(kubelet.port)) return nodes.proxy({ type: 'kubelet', node }, path, call)
        if (!isProxyable(kubelet.host)) throw errors.badRequest('address not allowed')
        return nodes.proxy({ type: 'address', scheme, host: kubelet.host, port }, path, call)
      },
    },
  }
}
