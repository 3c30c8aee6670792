import { formatTime, parseTime } from '#base'
import type { Lease, Node, NodeCondition } from '#api'
import { nodeCondition } from '../nodes/conditions.ts'

/** What is remembered of a node between two looks at it. */
export interface NodeHealth {
  readonly ready: NodeCondition | undefined
  readonly renewedAtMs: number | undefined
  /** Elapsed time of its last sign of life: a heartbeat in its status, or a renewed lease. */
  readonly aliveAtMs: number
}

export interface Observation {
  readonly health: NodeHealth
  /** What the node says of itself; Unknown where it says nothing. */
  readonly observed: NodeCondition['status']
  /** What its Ready condition says once `conditions` are written; undefined: there is none. */
  readonly current: NodeCondition['status'] | undefined
  /** Conditions to write, as the node has been silent for too long; else empty. */
  readonly conditions: readonly NodeCondition[]
}

export interface Moment {
  /** Wall time. */
  readonly nowMs: number
  readonly elapsedMs: number
}

export interface GracePeriods {
  readonly monitorGracePeriodMs: number
  readonly startupGracePeriodMs: number
}

const conditionTypes = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

/** One look at a node: is it alive, and if not, what does its status have to say then? */
export function observe(
  node: Node,
  lease: Lease | undefined,
  before: NodeHealth | undefined,
  moment: Moment,
  periods: GracePeriods,
): Observation {
  const ready = nodeCondition(node, 'Ready')
  const renewedAtMs = parseTime(lease?.spec.renewTime ?? '')
  const aliveAtMs = lastSign(node, ready, renewedAtMs, before, moment)
  const health = {
    ready,
    renewedAtMs: renewedAtMs ?? before?.renewedAtMs,
    aliveAtMs,
  }
  const observed = ready?.status ?? 'Unknown'
  const graceMs = ready === undefined ? periods.startupGracePeriodMs : periods.monitorGracePeriodMs
  if (moment.elapsedMs <= aliveAtMs + graceMs) {
    return { health, observed, current: ready?.status, conditions: [] }
  }
  const conditions = conditionTypes.flatMap((type) => silent(node, type, moment.nowMs) ?? [])
  const current = conditions.find(({ type }) => type === 'Ready')?.status ?? ready?.status
  return { health, observed, current, conditions }
}

function lastSign(
  node: Node,
  ready: NodeCondition | undefined,
  renewedAtMs: number | undefined,
  before: NodeHealth | undefined,
  moment: Moment,
): number {
  const renewed =
    renewedAtMs !== undefined &&
    (before?.renewedAtMs === undefined || before.renewedAtMs < renewedAtMs)
  if (renewed) return moment.elapsedMs
  if (before === undefined) {
    if (ready !== undefined) return moment.elapsedMs
    // It has said nothing since it was made, whenever this controller started.
    const createdAtMs = parseTime(node.metadata.creationTimestamp ?? '') ?? moment.nowMs
    return moment.elapsedMs - Math.max(0, moment.nowMs - createdAtMs)
  }
  if (before.ready?.lastHeartbeatTime !== ready?.lastHeartbeatTime) return moment.elapsedMs
  if ((before.ready === undefined) !== (ready === undefined)) return moment.elapsedMs
  return before.aliveAtMs
}

/** The condition of a node that is silent; undefined where it says so already. */
function silent(node: Node, type: string, nowMs: number): NodeCondition | undefined {
  const present = nodeCondition(node, type)
  const lastTransitionTime = formatTime(nowMs)
  if (present === undefined) {
    return {
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: node.metadata.creationTimestamp ?? null,
      lastTransitionTime,
    }
  }
  if (present.status === 'Unknown') return undefined
  return {
    ...present,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastTransitionTime,
  }
}
