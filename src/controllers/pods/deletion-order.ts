import type { Pod } from '#api'
import { parseTime } from '#base'
import { isPodReady, maxRestarts, readySince } from './pod-state.ts'

/** A pod with a smaller number goes first (KEP-2255). */
export const podDeletionCost = 'controller.kubernetes.io/pod-deletion-cost'

export interface DeletionOrder {
  readonly nowMs: number
  /** How many related pods share the pod's node: where there are more, one goes first. */
  readonly neighbours: (pod: Pod) => number
}

/** The `count` pods that are missed least, in upstream's order of sacrifice. */
export function podsToDelete(pods: readonly Pod[], count: number, order: DeletionOrder): Pod[] {
  if (count >= pods.length) return [...pods]
  return pods.toSorted((a, b) => compareForDeletion(a, b, order)).slice(0, count)
}

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Negative where `a` goes before `b`. */
function compareForDeletion(a: Pod, b: Pod, order: DeletionOrder): number {
  return (
    Number(isAssigned(a)) - Number(isAssigned(b)) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    order.neighbours(b) - order.neighbours(a) ||
    compareAge(a, b, readySince(a), readySince(b), order.nowMs) ||
    compareRestarts(a, b) ||
    compareAge(a, b, createdAt(a), createdAt(b), order.nowMs)
  )
}

function isAssigned({ spec }: Pod): boolean {
  return (spec.nodeName ?? '') !== ''
}

function phaseRank({ status }: Pod): number {
  return phaseOrder[status.phase ?? ''] ?? 0
}

/** A whole number of 32 bits; anything else counts as none. */
function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.[podDeletionCost] ?? ''
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return 0
  const cost = Number(text)
  return cost === (cost | 0) ? cost : 0
}

function createdAt({ metadata }: Pod): number | undefined {
  return parseTime(metadata.creationTimestamp ?? '')
}

function compareRestarts(a: Pod, b: Pod): number {
  const left = maxRestarts(a)
  const right = maxRestarts(b)
  return right.regular - left.regular || right.sidecar - left.sidecar
}

/**
 * The younger first, by orders of magnitude: among pods of a similar age chance (the uid) decides,
 * so that scaling down does not always leave the oldest failure domain (KEP-2185).
 */
function compareAge(
  a: Pod,
  b: Pod,
  sinceA: number | undefined,
  sinceB: number | undefined,
  nowMs: number,
): number {
  if (sinceA === sinceB) return 0
  if (sinceA === undefined) return -1
  if (sinceB === undefined) return 1
  const difference = magnitude(nowMs - sinceA) - magnitude(nowMs - sinceB)
  return difference === 0 ? byUid(a, b) : difference
}

/** Of nanoseconds, as upstream counts. */
function magnitude(ageMs: number): number {
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1
}

function byUid(a: Pod, b: Pod): number {
  const { uid: left = '' } = a.metadata
  const { uid: right = '' } = b.metadata
  if (left === right) return 0
  return left < right ? -1 : 1
}
