import { Node } from '#api'
import { errors } from '#machinery'
import type { KindDependencies } from './dependencies.ts'
import type { KindHooks } from './kind-hooks.ts'
import { noNodeConnections } from './node-connections.ts'
import { parseProxyId } from './proxy-id.ts'

const nodeResource = { group: '', resource: 'nodes' }

/** The proxy of a node leads to its kubelet. */
export function nodeHooks({ lookup, nodes = noNodeConnections }: KindDependencies): KindHooks {
  return {
    resource: Node,
    subresources: {
      async proxy(call) {
        const { name, rest } = call.info
        const node = parseProxyId(name).name
        if (lookup.get(nodeResource, '', node) === undefined) {
          throw errors.notFound(nodeResource, node)
        }
        return nodes.kubelet({ node, path: `/${rest}`, call })
      },
    },
  }
}
