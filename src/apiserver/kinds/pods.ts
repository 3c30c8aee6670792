import { Binding, Pod } from '#api'
import type { KindDependencies } from './dependencies.ts'
import type { KindHooks } from './kind-hooks.ts'
import { noNodeConnections } from './node-connections.ts'
import { bindPod, createBinding } from './pods/binding.ts'
import { evictPod } from './pods/eviction.ts'
import { podConnections } from './pods/pod-connections.ts'

export function podHooks({
  lookup,
  authorizer,
  registry,
  nodes = noNodeConnections,
}: KindDependencies): KindHooks {
  return {
    resource: Pod,
    subresources: {
      binding: bindPod,
      eviction: evictPod,
      ...podConnections({ lookup, authorizer, registry, nodes }),
    },
  }
}

export const bindingHooks: KindHooks = { resource: Binding, create: createBinding }
