import type { Deployment, PodTemplateSpec, ReplicaSet } from '#api'
import { equalJson, setOwn } from '#machinery'
import { podTemplateHashLabel } from './template-hash.ts'

/** The ReplicaSets of a Deployment: the one with its present template, and all others. */
export interface OwnedSets {
  readonly current: ReplicaSet | undefined
  /** By age, the oldest first. */
  readonly old: readonly ReplicaSet[]
}

/** Where several have the template, the oldest is the one, as always. */
export function ownedSets(deployment: Deployment, sets: readonly ReplicaSet[]): OwnedSets {
  const byAge = sets.toSorted(compareAge)
  const { template } = deployment.spec
  const current = byAge.find((set) => sameTemplate(set.spec.template, template))
  return { current, old: byAge.filter((set) => set !== current) }
}

/** `sets` with newer states of some of them in their places. */
export function replaced({ current, old }: OwnedSets, changed: readonly ReplicaSet[]): OwnedSets {
  const newest = (set: ReplicaSet) =>
    changed.find(({ metadata }) => metadata.uid === set.metadata.uid) ?? set
  return { current: current === undefined ? undefined : newest(current), old: old.map(newest) }
}

export function allSets({ current, old }: OwnedSets): readonly ReplicaSet[] {
  return current === undefined ? old : [...old, current]
}

/** Those that are to have pods. */
export function activeSets(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return sets.filter(({ spec }) => spec.replicas > 0)
}

export function sumOf(sets: readonly ReplicaSet[], value: (set: ReplicaSet) => number): number {
  let sum = 0
  for (const set of sets) sum += value(set)
  return sum
}

export const wantedReplicas = ({ spec }: ReplicaSet): number => spec.replicas
export const availableReplicas = ({ status }: ReplicaSet): number => status.availableReplicas ?? 0

/** Whether pods of both are the same; the hash is not the user's. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return equalJson(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { labels, ...metadata } = template.metadata
  const kept: Record<string, string> = {}
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (key !== podTemplateHashLabel) setOwn(kept, key, value)
  }
  return { ...template, metadata: { ...metadata, labels: kept } }
}

export function compareAge(a: ReplicaSet, b: ReplicaSet): number {
  const { creationTimestamp: left = '', name: leftName = '' } = a.metadata
  const { creationTimestamp: right = '', name: rightName = '' } = b.metadata
  if (left !== right) return left < right ? -1 : 1
  if (leftName === rightName) return 0
  return leftName < rightName ? -1 : 1
}
