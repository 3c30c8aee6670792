import type { ControllerRevision, ControllerRevisionInput, DaemonSet, Pod } from '#api'
import { equalJson, type Json } from '#machinery'
import { controllerReference } from '../framework/controller-ref.ts'
import { templateHash } from '../deployment/template-hash.ts'
import { revisionHashLabel } from './daemon-pod.ts'

/** What `kubectl rollout undo` applies to the set to have the template back. */
export function templatePatch({ spec }: DaemonSet): Json {
  // An object of the API is a JSON value; its type does not say so.
  const template = spec.template as unknown as Readonly<Record<string, Json>>
  return { spec: { template: { ...template, $patch: 'replace' } } }
}

export interface Revisions {
  /** Of the present template; the newest where several are. */
  readonly current: ControllerRevision | undefined
  readonly old: readonly ControllerRevision[]
  /** The number the present template has or gets. */
  readonly number: number
}

export function revisionsOf(set: DaemonSet, all: readonly ControllerRevision[]): Revisions {
  const patch = templatePatch(set)
  const [current] = all
    .filter(({ data }) => equalJson(data, patch))
    .sort((a, b) => b.revision - a.revision)
  const old = all.filter((revision) => revision !== current)
  const highest = old.reduce((most, { revision }) => Math.max(most, revision), 0)
  return { current, old, number: Math.max(highest + 1, current?.revision ?? 0) }
}

export function newRevision(
  set: DaemonSet,
  number: number,
): ControllerRevisionInput & { readonly metadata: { readonly name: string } } {
  const { name = '', namespace, annotations } = set.metadata
  const hash = templateHash(set.spec.template, set.status.collisionCount)
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      annotations,
      labels: { ...set.spec.template.metadata.labels, [revisionHashLabel]: hash },
      ownerReferences: [controllerReference(set)],
    },
    data: templatePatch(set),
    revision: number,
  }
}

/** Revisions beyond the history limit, the oldest; none of which a pod still is. */
export function revisionsToForget(
  set: DaemonSet,
  old: readonly ControllerRevision[],
  pods: Iterable<Pod>,
): readonly ControllerRevision[] {
  const excess = old.length - set.spec.revisionHistoryLimit
  if (excess <= 0) return []
  const live = new Set<string | undefined>()
  for (const { metadata } of pods) live.add(metadata.labels?.[revisionHashLabel])
  return old
    .filter(({ metadata }) => !live.has(metadata.labels?.[revisionHashLabel]))
    .sort((a, b) => a.revision - b.revision)
    .slice(0, excess)
}
