import type { Handle, Plugin } from '../../framework/plugin.ts'
import { readAffinityArgs } from './args.ts'
import { affinityFilter } from './filter.ts'
import { affinityEvents } from './hints.ts'
import { affinityScorer } from './scoring.ts'

/**
 * Affinity and anti-affinity between pods, both ways: what a pod says of those on nodes, and what
 * those say of it. Terms name a topology: the pods of a domain are together. A pod that no term is
 * about yet takes part all the same: the next pod on a node may have one.
 */
export function interPodAffinity(handle: Handle, args: unknown): Plugin {
  const read = readAffinityArgs(args)
  return {
    name: 'InterPodAffinity',
    events: affinityEvents(handle.objects),
    preFilter: ({ shape }) => affinityFilter(handle, shape),
    preScore: ({ shape }) => affinityScorer(handle, shape, read),
  }
}
