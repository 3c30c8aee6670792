import { parseTime } from '#base'
import type { Node, Pod } from '#api'
import { isNodeReady } from '../nodes/conditions.ts'
import { isPodTerminal } from '../pods/pod-state.ts'

const outOfServiceKey = 'node.kubernetes.io/out-of-service'

/** Why a pod is deleted though nobody asked for that, or though its kubelet does not answer. */
export type Reason = 'terminated' | 'orphaned' | 'unscheduled' | 'outOfService'

/** What is to be done about one pod, by itself; the node is the one it is on, if it is there. */
export function garbageReason(
  pod: Pod,
  node: Node | undefined,
): Exclude<Reason, 'terminated'> | undefined {
  if (isCollected(pod)) return undefined
  const { metadata, spec } = pod
  const terminating = metadata.deletionTimestamp !== undefined
  const { nodeName = '' } = spec
  if (nodeName === '') return terminating ? 'unscheduled' : undefined
  if (node === undefined) return 'orphaned'
  const outOfService = node.spec.taints?.some(({ key }) => key === outOfServiceKey) === true
  return terminating && outOfService && !isNodeReady(node) ? 'outOfService' : undefined
}

/** The terminated pods beyond the number that may stay: evicted ones first, then the oldest. */
export function excessTerminated(pods: readonly Pod[], max: number): readonly Pod[] {
  if (max <= 0 || pods.length <= max) return []
  return pods.toSorted(compareTerminated).slice(0, pods.length - max)
}

/** All that can be done was done; what keeps it are finalizers. */
export function isCollected(pod: Pod): boolean {
  return pod.metadata.deletionGracePeriodSeconds === 0 && isPodTerminal(pod)
}

function compareTerminated(a: Pod, b: Pod): number {
  if (isEvicted(a) !== isEvicted(b)) return isEvicted(a) ? -1 : 1
  return createdAtMs(a) - createdAtMs(b) || compare(a.metadata.name ?? '', b.metadata.name ?? '')
}

function isEvicted({ status }: Pod): boolean {
  return status.phase === 'Failed' && status.reason === 'Evicted'
}

function createdAtMs({ metadata }: Pod): number {
  return parseTime(metadata.creationTimestamp ?? '') ?? 0
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
