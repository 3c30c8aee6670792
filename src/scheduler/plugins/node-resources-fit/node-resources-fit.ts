import { parseQuantity } from '#machinery'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import type { PodInfo } from '../../pod-info.ts'
import { amountOf } from '../../pod-requests.ts'
import { readFitArgs } from './args.ts'
import { allocationScorer } from './scoring.ts'

const name = 'NodeResourcesFit'
const tooManyPods = 'Too many pods'

/**
 * A node must have what the pod requests, left over by the pods there. Scores how much is left
 * after it, or how little, by the strategy in the arguments.
 */
export function nodeResourcesFit({ table }: Handle, args: unknown): Plugin {
  const { scoringStrategy } = readFitArgs(args)
  return {
    name,
    events: [
      { resource: 'AssignedPod', actions: ['Delete', 'UpdatePodScaleDown'], helps: frees },
      { resource: 'Node', actions: ['Add', 'UpdateNodeAllocatable'], helps: mayFit },
      { resource: 'TargetPod', actions: ['UpdatePodScaleDown'] },
    ],
    preFilter({ shape }) {
      const { podCounts, podsAllowed } = table.resources
      const wanted = [...shape.requests]
        .filter(([, amount]) => amount > 0)
        .map(([name, amount]) => ({ name, amount, column: table.resources.column(name) }))
      const statuses = new Map<string, Status>()
      const fits = (row: number) => {
        if ((podCounts[row] ?? 0) >= (podsAllowed[row] ?? 0)) return false
        for (const { amount, column } of wanted) {
          if (column === undefined) return false
          if (amount > (column.allocatable[row] ?? 0) - (column.requested[row] ?? 0)) return false
        }
        return true
      }
      const lacking = (row: number) => {
        const reasons: string[] = []
        let resolvable = true
        if ((podCounts[row] ?? 0) >= (podsAllowed[row] ?? 0)) reasons.push(tooManyPods)
        for (const { name, amount, column } of wanted) {
          const allocatable = column?.allocatable[row] ?? 0
          if (amount <= allocatable - (column?.requested[row] ?? 0)) continue
          reasons.push(`Insufficient ${name}`)
          if (amount > allocatable) resolvable = false
        }
        return { reasons, resolvable }
      }
      return {
        dependsOn: 'pods',
        filter(row) {
          if (fits(row)) return undefined
          const { reasons, resolvable } = lacking(row)
          const code = resolvable ? 'Unschedulable' : 'UnschedulableAndUnresolvable'
          const key = `${code}:${reasons.join(',')}`
          let status = statuses.get(key)
          if (status === undefined) statuses.set(key, (status = new Status(name, code, ...reasons)))
          return status
        },
      }
    },
    preScore: ({ shape }) => allocationScorer(table.resources, shape, scoringStrategy),
  }
}

/** A pod that has gone, or takes less, took something that this one wants. */
function frees({ shape }: PodInfo, event: ClusterEvent): boolean {
  if (event.resource !== 'AssignedPod' || event.before === undefined) return false
  // Any pod that goes leaves a place for a pod.
  if (event.action === 'Delete') return true
  const { before, after } = event
  return [...shape.requests].some(
    ([name, amount]) =>
      amount > 0 && (before.shape.requests.get(name) ?? 0) > (after?.shape.requests.get(name) ?? 0),
  )
}

/** The node, were it empty, would have what the pod wants, and more than before of some of it. */
function mayFit({ shape }: PodInfo, event: ClusterEvent): boolean {
  if (event.resource !== 'Node') return false
  const amounts = (node: typeof event.before) =>
    node?.status.allocatable ?? node?.status.capacity ?? {}
  const of = (list: Readonly<Record<string, string>>, resource: string) =>
    Object.hasOwn(list, resource) ? amountOf(resource, parseQuantity(list[resource] ?? '0')) : 0
  const [before, after] = [amounts(event.before), amounts(event.after)]
  const wanted = [...shape.requests, ['pods', 1] as const]
  if (wanted.some(([resource, amount]) => amount > of(after, resource))) return false
  if (event.before === undefined) return true
  return wanted.some(
    ([resource, amount]) => amount > 0 && of(after, resource) > of(before, resource),
  )
}
