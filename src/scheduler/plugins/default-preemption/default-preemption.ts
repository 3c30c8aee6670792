import { fitErrorMessage, type Diagnosis } from '../../framework/diagnosis.ts'
import type { Handle, Plugin, PostFilterResult } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'
import { candidatesMax } from '../../limits.ts'
import type { PodInfo } from '../../pod-info.ts'
import { readPreemptionArgs, type PreemptionArgs } from './args.ts'
import { pickCandidate } from './pick.ts'
import { victimsIn, type Candidate } from './victims.ts'

const name = 'DefaultPreemption'
const notHelpful = new Status(
  name,
  'UnschedulableAndUnresolvable',
  'Preemption is not helpful for scheduling',
)
const noVictims = new Status(
  name,
  'UnschedulableAndUnresolvable',
  'No preemption victims found for incoming pod',
)

/**
 * Makes room for a pod that fits nowhere: finds the node where evicting pods of lower priority does
 * the least harm, names them, and nominates the pod to it (KEP-564). Not all nodes are tried in a
 * large cluster: see the arguments.
 */
export function defaultPreemption(handle: Handle, args: unknown): Plugin {
  const limits = readPreemptionArgs(args)
  return {
    name,
    postFilter: (pod, diagnosis) => {
      const ineligible = whyNot(handle, pod, diagnosis)
      if (ineligible !== undefined) return { message: `preemption: ${ineligible}` }
      return preempt(handle, limits, pod, diagnosis)
    },
  }
}

function preempt(
  handle: Handle,
  limits: PreemptionArgs,
  pod: PodInfo,
  diagnosis: Diagnosis,
): PostFilterResult {
  const { table, objects } = handle
  const { rows, statuses, nodeCount } = diagnosis
  const hopeful = rows.filter((_, index) => statuses[index]?.code === 'Unschedulable')
  const share = Math.trunc((hopeful.length * limits.minCandidateNodesPercentage) / 100)
  // Differs from Kubernetes: no more than a hundred nodes are compared, however many there are.
  const wanted = Math.min(candidatesMax, Math.max(limits.minCandidateNodesAbsolute, share))
  const search = {
    table,
    fits: (row: number) => handle.filter(pod, row),
    budgets: (namespace: string) => objects.budgetsIn(namespace),
  }
  const candidates: Candidate[] = []
  const refusals: Status[] = []
  let unbroken = 0
  for (const row of hopeful) {
    const found = victimsIn(search, row, pod, noVictims)
    if (found instanceof Status) {
      refusals.push(found)
      continue
    }
    candidates.push(found)
    if (found.violations === 0) unbroken++
    if (unbroken > 0 && candidates.length >= wanted) break
  }
  if (candidates.length > 0) {
    const { row, victims } = pickCandidate(candidates)
    return { message: '', nominatedNodeName: table.nameOf(row), victims }
  }
  const dryRun = {
    nodeCount,
    rows: hopeful,
    statuses: refusals,
    absent: notHelpful,
    preFilter: undefined,
    plugins: new Set<string>(),
  }
  return { message: `preemption: ${fitErrorMessage(dryRun, '')}`, nominatedNodeName: '' }
}

/** A pod may wait for those who are going on its account, and evicts no others meanwhile. */
function whyNot(handle: Handle, pod: PodInfo, { rows, statuses }: Diagnosis): string | undefined {
  if (pod.pod.spec.preemptionPolicy === 'Never')
    return 'not eligible due to preemptionPolicy=Never.'
  const row = handle.table.rowOf(handle.nominatedNode(pod))
  if (row === undefined) return undefined
  if (statuses[rows.indexOf(row)]?.code === 'UnschedulableAndUnresolvable') return undefined
  for (const other of handle.table.pods(row)) {
    if (other.shape.priority >= pod.shape.priority) continue
    if (handle.isBeingEvicted(other) || wasPreempted(other)) {
      return 'not eligible due to a terminating pod on the nominated node.'
    }
  }
  return undefined
}

function wasPreempted({ pod: { metadata, status } }: PodInfo): boolean {
  if (metadata.deletionTimestamp === undefined) return false
  const condition = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}
