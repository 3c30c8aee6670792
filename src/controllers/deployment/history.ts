import type { Deployment, ReplicaSet } from '#api'
import { historyLimit } from './limits.ts'
import { compareAge } from './replica-sets.ts'
import { revisionOf } from './revision.ts'

/** Old ReplicaSets beyond the history limit, as far as they are empty; the oldest revisions. */
export function setsToForget(
  deployment: Deployment,
  old: readonly ReplicaSet[],
): readonly ReplicaSet[] {
  const limit = historyLimit(deployment)
  if (limit === undefined) return []
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const excess = alive.length - limit
  if (excess <= 0) return []
  return alive
    .sort((a, b) => revisionOf(a) - revisionOf(b) || compareAge(a, b))
    .slice(0, excess)
    .filter(isSettledAndEmpty)
}

function isSettledAndEmpty({ metadata, spec, status }: ReplicaSet): boolean {
  const seen = (metadata.generation ?? 0) <= (status.observedGeneration ?? 0)
  return seen && spec.replicas === 0 && status.replicas === 0
}
