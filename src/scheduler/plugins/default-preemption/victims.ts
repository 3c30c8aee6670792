import type { NodeTable } from '../../node-table/node-table.ts'
import type { Budget } from '../../cluster-objects.ts'
import { Status } from '../../framework/status.ts'
import type { PodInfo } from '../../pod-info.ts'

/** A node where the pod would fit without these. */
export interface Candidate {
  readonly row: number
  /** The most important comes first. */
  readonly victims: readonly PodInfo[]
  /** Of them, those whose eviction breaks a disruption budget. */
  readonly violations: number
}

export interface VictimSearch {
  readonly table: NodeTable
  /** Whether the pod fits in a row as the table stands. */
  readonly fits: (row: number) => Status | undefined
  readonly budgets: (namespace: string) => Iterable<Budget>
}

/**
 * The fewest and least important pods whose going makes room for `pod` in a row: all of lower
 * priority go, and come back one by one as long as the pod still fits, the most important first, and
 * before them those that a budget protects. A status where that does not help.
 */
export function victimsIn(
  { table, fits, budgets }: VictimSearch,
  row: number,
  pod: PodInfo,
  noVictims: Status,
): Candidate | Status {
  const lower = [...table.pods(row)].filter(({ shape }) => shape.priority < pod.shape.priority)
  if (lower.length === 0) return noVictims
  lower.sort(byImportance)
  return table.onTrial(row, (trial) => {
    for (const each of lower) trial.remove(each)
    const status = fits(row)
    if (status !== undefined) return status
    const { violating, others } = partition(lower, budgets)
    const stays = (each: PodInfo) => {
      trial.add(each)
      if (fits(row) === undefined) return true
      trial.remove(each)
      return false
    }
    const broken = violating.filter((each) => !stays(each))
    const victims = [...broken, ...others.filter((each) => !stays(each))].sort(byImportance)
    return { row, victims, violations: broken.length }
  })
}

/** Which of the pods, evicted in this order, would be more than their budgets allow. */
function partition(pods: readonly PodInfo[], budgets: VictimSearch['budgets']) {
  const left = new Map<Budget, number>()
  const violating: PodInfo[] = []
  const others: PodInfo[] = []
  for (const each of pods) {
    let breaks = false
    for (const budget of budgets(each.namespace)) {
      const { selector, allowed, disrupted } = budget
      const { labels } = each.shape
      const protects = Object.keys(labels).length > 0 && !selector.empty && selector.matches(labels)
      // What was evicted already has been counted.
      if (!protects || disrupted.has(each.name)) continue
      const rest = (left.get(budget) ?? allowed) - 1
      left.set(budget, rest)
      if (rest < 0) breaks = true
    }
    if (breaks) violating.push(each)
    else others.push(each)
  }
  return { violating, others }
}

/** Higher priority, then a longer life. */
function byImportance(a: PodInfo, b: PodInfo): number {
  return b.shape.priority - a.shape.priority || compareText(startOf(a), startOf(b))
}

/** Times in the API sort as texts; who has not started is the youngest of all. */
export function startOf({ pod }: PodInfo): string {
  return pod.status.startTime ?? '~'
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
