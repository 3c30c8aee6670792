import { Node } from '#api'
import { hasReason, parseCidr } from '#machinery'
import { controller, type Controller } from '../framework/controller.ts'
import { recordNodeStatus } from '../nodes/node-events.ts'
import type { ControllerOptions } from '../options.ts'
import { CidrSet } from './cidr-set.ts'

/** Upstream's --node-cidr-mask-size-ipv4 and -ipv6. */
const maskSizes = { ipv4: 24, ipv6: 64 }

/** Each node gets a part of each of the cluster's pod prefixes, for as long as it exists. */
export function nodeIpamController(options: ControllerOptions): Controller | undefined {
  const { clusterCidrs = [], serviceCidrs = [] } = options
  if (clusterCidrs.length === 0) return undefined
  const sizes = { ...maskSizes, ...options.nodeCidrMaskSizes }
  return controller({
    name: 'node-ipam-controller',
    account: 'node-controller',
    component: 'cidrAllocator',
    setup(context) {
      const sets = clusterCidrs.map((cidr) => {
        const isIpv6 = parseCidr(cidr)?.address.length === 16
        return new CidrSet(cidr, isIpv6 ? sizes.ipv6 : sizes.ipv4)
      })
      for (const set of sets) for (const cidr of serviceCidrs) set.occupy(cidr)
      const nodes = context.watch(Node, ({ metadata }) => [metadata.name ?? ''], {
        relevant: (node, old) => node.spec.podCIDR !== old.spec.podCIDR,
      })
      /** What each node has, or is about to have. */
      const held = new Map<string, readonly string[]>()
      /** Nodes for which there was nothing left. */
      const waiting = new Set<string>()

      const hold = (name: string, cidrs: readonly string[]) => {
        if (held.get(name)?.join() === cidrs.join()) return
        release(name)
        for (const cidr of cidrs) for (const set of sets) set.occupy(cidr)
        held.set(name, cidrs)
      }
      const release = (name: string) => {
        const cidrs = held.get(name)
        if (cidrs === undefined) return
        held.delete(name)
        for (const cidr of cidrs) for (const set of sets) set.release(cidr)
        for (const other of waiting) context.queue.add(other)
        waiting.clear()
      }
      const allocate = (name: string): readonly string[] | undefined => {
        const cidrs: string[] = []
        for (const set of sets) {
          const cidr = set.allocate()
          if (cidr === undefined) {
            for (const [i, taken] of cidrs.entries()) sets[i]?.release(taken)
            return undefined
          }
          cidrs.push(cidr)
        }
        held.set(name, cidrs)
        return cidrs
      }

      let isFirst = true
      return async (name) => {
        if (isFirst) {
          // What the nodes have counts before anything is given away.
          isFirst = false
          for (const { metadata, spec } of nodes.lister.list()) {
            if ((spec.podCIDRs ?? []).length > 0) hold(metadata.name ?? '', spec.podCIDRs ?? [])
          }
        }
        const node = nodes.lister.get('', name)
        if (node === undefined) {
          waiting.delete(name)
          release(name)
          return
        }
        const { podCIDRs = [] } = node.spec
        if (podCIDRs.length > 0) {
          hold(name, podCIDRs)
          return
        }
        const cidrs = held.get(name) ?? allocate(name)
        if (cidrs === undefined) {
          waiting.add(name)
          recordNodeStatus(context.events, node, 'CIDRNotAvailable')
          return
        }
        const { uid } = node.metadata
        const spec = { podCIDR: cidrs[0], podCIDRs: cidrs }
        const patch = { metadata: { uid }, spec }
        try {
          await context.client.resource(Node).patch(name, { type: 'strategic', patch })
        } catch (error) {
          if (hasReason(error, 'NotFound')) return
          recordNodeStatus(context.events, node, 'CIDRAssignmentFailed')
          throw error
        }
      }
    },
  })
}
