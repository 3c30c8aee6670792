import type { Deployment, ReplicaSet } from '#api'
import { equalJson, getOwn, setOwn } from '#machinery'
import { maxReplicas } from './limits.ts'

/** Counts the rollouts of a Deployment; `kubectl rollout undo --to-revision` names it. */
export const revisionAnnotation = 'deployment.kubernetes.io/revision'
/** Earlier revisions of a ReplicaSet that was rolled back to, separated by commas. */
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history'
/** The Deployment's replicas when the ReplicaSet was last scaled: another number is a scaling. */
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas'
/** The same with its surge: the base of proportional scaling. */
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'

/** The text of the history; older revisions are dropped from it. */
const revisionHistoryLengthMax = 2000

/** What is said on a Deployment and is not meant for its ReplicaSets. */
const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
])

type Annotations = Readonly<Record<string, string>>

export function revisionOf({ metadata }: ReplicaSet): number {
  return wholeNumber(metadata.annotations?.[revisionAnnotation] ?? '') ?? 0
}

/** The revision of the present template: one more than that of all others. */
export function nextRevision(old: readonly ReplicaSet[]): number {
  let highest = 0
  for (const set of old) highest = Math.max(highest, revisionOf(set))
  return highest + 1
}

/**
 * Annotations of the ReplicaSet with the Deployment's template: the Deployment's, and its revision
 * with the history of what it was before. Never taken away, as upstream never does.
 */
export function currentAnnotations(
  deployment: Deployment,
  present: Annotations | undefined,
  revision: number,
): Annotations {
  const annotations: Record<string, string> = { ...present }
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notCopied.has(key)) setOwn(annotations, key, value)
  }
  const before = getOwn(annotations, revisionAnnotation)
  const beforeNumber = before === undefined || before === '' ? 0 : wholeNumber(before)
  if (beforeNumber === undefined || beforeNumber >= revision) return annotations
  annotations[revisionAnnotation] = String(revision)
  if (before !== undefined) {
    const history = getOwn(annotations, revisionHistoryAnnotation) ?? ''
    annotations[revisionHistoryAnnotation] = longerHistory(history, before)
  }
  return annotations
}

/** The annotations by which scaling is told from rolling out. */
export function withScale(deployment: Deployment, present: Annotations | undefined): Annotations {
  return {
    ...present,
    [desiredReplicasAnnotation]: String(deployment.spec.replicas),
    [maxReplicasAnnotation]: String(maxReplicas(deployment)),
  }
}

export function hasScale(deployment: Deployment, { metadata }: ReplicaSet): boolean {
  return equalJson(withScale(deployment, metadata.annotations), metadata.annotations)
}

/** What the ReplicaSet was last scaled for. */
export function desiredReplicas({ metadata }: ReplicaSet): number | undefined {
  return wholeNumber(metadata.annotations?.[desiredReplicasAnnotation] ?? '')
}

export function maxReplicasBefore({ metadata }: ReplicaSet): number | undefined {
  return wholeNumber(metadata.annotations?.[maxReplicasAnnotation] ?? '')
}

function longerHistory(history: string, revision: string): string {
  const revisions = history === '' ? [] : history.split(',')
  revisions.push(revision)
  let text = revisions.join(',')
  while (text.length > revisionHistoryLengthMax && revisions.length > 1) {
    revisions.shift()
    text = revisions.join(',')
  }
  return text
}

function wholeNumber(text: string): number | undefined {
  if (!/^[+-]?\d{1,15}$/.test(text)) return undefined
  return Number(text)
}
