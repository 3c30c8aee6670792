import type { Plugin } from '../../framework/plugin.ts'

/** Higher priority first; among equals, who has waited longer. */
export function prioritySort(): Plugin {
  return {
    name: 'PrioritySort',
    less(a, b) {
      const byPriority = b.pod.shape.priority - a.pod.shape.priority
      if (byPriority !== 0) return byPriority < 0
      return a.sinceMs === b.sinceMs ? a.sequence < b.sequence : a.sinceMs < b.sinceMs
    },
  }
}
