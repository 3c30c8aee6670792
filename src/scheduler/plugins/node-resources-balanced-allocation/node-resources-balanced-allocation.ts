import type { Handle, Plugin } from '../../framework/plugin.ts'
import { scoreMax } from '../../limits.ts'

const name = 'NodeResourcesBalancedAllocation'
const balanced = ['cpu', 'memory']

/**
 * Nodes on which the pod evens out how much of CPU and of memory is taken are better: what is left
 * of one is worth little without the other.
 */
export function nodeResourcesBalancedAllocation({ table }: Handle): Plugin {
  return {
    name,
    preScore({ shape }) {
      // A pod that asks for nothing changes no balance; scoring it would gather all such pods.
      if (balanced.every((resource) => (shape.requests.get(resource) ?? 0) === 0)) return undefined
      const parts = balanced.flatMap((resource) => {
        const column = table.resources.column(resource)
        return column === undefined
          ? []
          : [{ ...column, wanted: shape.requests.get(resource) ?? 0 }]
      })
      const balance = (row: number, times: 0 | 1) => {
        let low = Infinity
        let high = 0
        let count = 0
        for (const { allocatable, requested, wanted } of parts) {
          const capacity = allocatable[row] ?? 0
          if (capacity === 0) continue
          const fraction = Math.min(1, ((requested[row] ?? 0) + times * wanted) / capacity)
          low = Math.min(low, fraction)
          high = Math.max(high, fraction)
          count++
        }
        // Of two values the standard deviation is half their distance.
        const deviation = count < 2 ? 0 : (high - low) / 2
        return Math.trunc((1 - deviation) * scoreMax)
      }
      return {
        score(rows, count, scores) {
          for (let i = 0; i < count; i++) {
            const row = rows[i] ?? 0
            const gain = balance(row, 1) - balance(row, 0)
            scores[i] = scoreMax / 2 + Math.trunc((scoreMax / 2 + gain) / 2)
          }
        },
      }
    },
  }
}
