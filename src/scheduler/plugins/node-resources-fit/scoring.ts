import { unreachable } from '#base'
import type { Scorer } from '../../framework/plugin.ts'
import { scoreMax } from '../../limits.ts'
import type { ResourceColumn, ResourceColumns } from '../../node-table/resource-columns.ts'
import type { PodShape } from '../../pod-info.ts'
import type { ScoringStrategy, UtilizationPoint } from './args.ts'

/**
 * The weighted mean of what the strategy says of each resource, with the pod in place. Integers
 * all the way, as upstream. A resource that a node has not does not count there; nor does an
 * extended resource that the pod does not ask for.
 */
export function allocationScorer(
  resources: ResourceColumns,
  shape: PodShape,
  strategy: ScoringStrategy,
): Scorer {
  const scoreOf = strategyScore(strategy)
  const parts: Part[] = []
  for (const { name, weight } of strategy.resources) {
    const column = resources.column(name)
    const wanted = shape.scoringRequests.get(name) ?? 0
    if (column === undefined || (wanted === 0 && isExtended(name))) continue
    const { allocatable, scoringRequested } = column
    parts.push({ allocatable, requested: scoringRequested, wanted, weight })
  }
  return {
    score(rows, count, scores) {
      for (let i = 0; i < count; i++) {
        const row = rows[i] ?? 0
        let sum = 0
        let weights = 0
        for (const { allocatable, requested, wanted, weight } of parts) {
          const capacity = allocatable[row] ?? 0
          if (capacity === 0) continue
          sum += scoreOf((requested[row] ?? 0) + wanted, capacity) * weight
          weights += weight
        }
        scores[i] = weights === 0 ? 0 : Math.trunc(sum / weights)
      }
    },
  }
}

interface Part {
  readonly allocatable: ResourceColumn['allocatable']
  readonly requested: ResourceColumn['scoringRequested']
  readonly wanted: number
  readonly weight: number
}

function strategyScore(strategy: ScoringStrategy): (used: number, capacity: number) => number {
  switch (strategy.type) {
    case 'LeastAllocated':
      return (used, capacity) =>
        used > capacity ? 0 : Math.trunc(((capacity - used) * scoreMax) / capacity)
    case 'MostAllocated':
      return (used, capacity) => Math.trunc((Math.min(used, capacity) * scoreMax) / capacity)
    case 'RequestedToCapacityRatio': {
      const { shape } = strategy
      return (used, capacity) =>
        onBrokenLine(shape, used > capacity ? 100 : Math.trunc((used * 100) / capacity))
    }
    default:
      return unreachable(strategy.type)
  }
}

/** The points' scores go to 10. */
const pointScale = scoreMax / 10

function onBrokenLine(shape: readonly UtilizationPoint[], utilization: number): number {
  let before: UtilizationPoint | undefined
  for (const point of shape) {
    if (utilization <= point.utilization) {
      if (before === undefined) return point.score * pointScale
      const rise = (point.score - before.score) * pointScale
      const run = point.utilization - before.utilization
      return (
        before.score * pointScale + Math.trunc((rise * (utilization - before.utilization)) / run)
      )
    }
    before = point
  }
  return (before?.score ?? 0) * pointScale
}

/** Not one of the resources that every node has. */
function isExtended(name: string): boolean {
  return name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage'
}
