import { humanDuration, type RowCondition, type Whole } from '#machinery'
import { parseTime } from '#base'
import { ageColumn, nameColumn, type Columns } from '../columns.ts'
import type { PodSchema } from './pod.ts'
import type { Container } from './container.ts'
import type { ContainerStatus } from './pod-status.ts'

type Pod = Whole<typeof PodSchema>

export const podColumns: Columns<typeof PodSchema> = [
  nameColumn,
  { name: 'Ready', value: (pod) => readyText(pod) },
  { name: 'Status', value: (pod) => summarize(pod).reason },
  { name: 'Restarts', value: (pod, { nowMs }) => restartsText(summarize(pod), nowMs) },
  ageColumn,
  { name: 'IP', priority: 1, value: (pod) => pod.status.podIPs?.[0]?.ip ?? '<none>' },
  { name: 'Node', priority: 1, value: (pod) => pod.spec.nodeName ?? '<none>' },
  {
    name: 'Nominated Node',
    priority: 1,
    value: (pod) => pod.status.nominatedNodeName ?? '<none>',
  },
  { name: 'Readiness Gates', priority: 1, value: (pod) => readinessGatesText(pod) },
]

export function podRowConditions(pod: Pod): readonly RowCondition[] {
  if (pod.status.phase === 'Succeeded') return [completed('Succeeded', completedMessage)]
  return pod.status.phase === 'Failed' ? [completed('Failed', 'The pod failed.')] : []
}

const completedMessage = 'The pod has completed successfully.'

function completed(reason: string, message: string): RowCondition {
  return { type: 'Completed', status: 'True', reason, message }
}

interface Summary {
  /** The one word for how the pod is. */
  reason: string
  ready: number
  restarts: number
  lastRestartMs: number | undefined
}

/** What kubectl shows of a pod: the first init container in the way, else its containers. */
function summarize(pod: Pod): Summary {
  const { status, metadata } = pod
  const summary: Summary = {
    reason: isGated(pod) ? 'SchedulingGated' : (status.reason ?? status.phase ?? ''),
    ready: 0,
    restarts: 0,
    lastRestartMs: undefined,
  }
  const sidecars: Summary = { ...summary }
  const initializing = summarizeInitContainers(pod, summary, sidecars)
  if (!initializing || hasTrueCondition(pod, 'Initialized')) {
    summary.restarts = sidecars.restarts
    summary.lastRestartMs = sidecars.lastRestartMs
    summarizeContainers(pod, summary)
  }
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') summary.reason = 'Unknown'
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') {
      summary.reason = 'Terminating'
    }
  }
  return summary
}

/** Whether an init container is what the pod waits for. */
function summarizeInitContainers(pod: Pod, summary: Summary, sidecars: Summary): boolean {
  const specs = pod.spec.initContainers ?? []
  for (const [at, container] of (pod.status.initContainerStatuses ?? []).entries()) {
    countRestarts(container, summary)
    const sidecar = isSidecar(specs.find((spec) => spec.name === container.name))
    if (sidecar) countRestarts(container, sidecars)
    const { terminated, waiting } = container.state
    if (terminated?.exitCode === 0) continue
    if (sidecar && container.started === true) {
      if (container.ready) summary.ready++
      continue
    }
    if (terminated !== undefined) {
      summary.reason = `Init:${terminatedText(terminated)}`
    } else if (waiting?.reason !== undefined && waiting.reason !== 'PodInitializing') {
      summary.reason = `Init:${waiting.reason}`
    } else summary.reason = `Init:${at}/${specs.length}`
    return true
  }
  return false
}

function summarizeContainers(pod: Pod, summary: Summary): void {
  let running = false
  for (const container of (pod.status.containerStatuses ?? []).toReversed()) {
    countRestarts(container, summary)
    const { terminated, waiting, running: alive } = container.state
    if (waiting?.reason !== undefined) summary.reason = waiting.reason
    else if (terminated !== undefined) summary.reason = terminatedText(terminated)
    else if (container.ready && alive !== undefined) {
      running = true
      summary.ready++
    }
  }
  if (summary.reason === 'Completed' && running) {
    summary.reason = hasTrueCondition(pod, 'Ready') ? 'Running' : 'NotReady'
  }
}

function countRestarts(container: ContainerStatus, summary: Summary): void {
  summary.restarts += container.restartCount
  const finished = container.lastState.terminated?.finishedAt
  const finishedMs = typeof finished === 'string' ? parseTime(finished) : undefined
  if (finishedMs !== undefined && finishedMs > (summary.lastRestartMs ?? 0)) {
    summary.lastRestartMs = finishedMs
  }
}

function terminatedText(state: NonNullable<ContainerStatus['state']['terminated']>): string {
  if (state.reason !== undefined) return state.reason
  return state.signal === undefined ? `ExitCode:${state.exitCode}` : `Signal:${state.signal}`
}

function restartsText({ restarts, lastRestartMs }: Summary, nowMs: number): string {
  if (restarts === 0 || lastRestartMs === undefined) return String(restarts)
  return `${restarts} (${humanDuration(nowMs - lastRestartMs)} ago)`
}

function readyText(pod: Pod): string {
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).length
  const total = (pod.spec.containers ?? []).length + sidecars
  return `${summarize(pod).ready}/${total}`
}

function readinessGatesText(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter((gate) => hasTrueCondition(pod, gate.conditionType)).length
  return `${open}/${gates.length}`
}

function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always'
}

function isGated(pod: Pod): boolean {
  return (pod.status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  )
}

function hasTrueCondition(pod: Pod, type: string): boolean {
  return (pod.status.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  )
}
