import { aggregate } from '#api'
import type { PolicyRule } from './authorizer.ts'
import type { DefaultPolicy } from './default-roles.ts'
import type { Subject } from './rbac.ts'
import {
  autoUpdateAnnotation,
  type BindingObject,
  type RbacMetadata,
  type RoleObject,
} from './role-objects.ts'
import { uncovered } from './rules.ts'

/** A write that brings the cluster's roles up to the default policy. */
export interface PolicyChange {
  /** `recreate`: a binding cannot change its role, so it is deleted and made anew. */
  readonly operation: 'create' | 'update' | 'recreate'
  readonly object: RoleObject | BindingObject
}

/**
 * What to write so that a cluster has the default policy: what is missing is made, and what is there
 * gets the rules, subjects, labels and annotations it lacks. Nothing is ever taken away, and an
 * object whose annotation rbac.authorization.kubernetes.io/autoupdate is "false" is left alone.
 * Roles come before bindings. Aggregated roles get their rules at once, so that `admin`, `edit` and
 * `view` are good before any controller runs.
 */
export function reconcile(existing: DefaultPolicy, wanted: DefaultPolicy): readonly PolicyChange[] {
  return [
    ...reconcileClusterRoles(existing.clusterRoles, wanted.clusterRoles),
    ...each(existing.roles, wanted.roles, reconcileRole),
    ...each(existing.clusterRoleBindings, wanted.clusterRoleBindings, reconcileBinding),
    ...each(existing.roleBindings, wanted.roleBindings, reconcileBinding),
  ]
}

function reconcileClusterRoles(
  existing: readonly RoleObject[],
  wanted: readonly RoleObject[],
): readonly PolicyChange[] {
  const changes = new Map<string, PolicyChange>()
  for (const change of each(existing, wanted, reconcileRole)) {
    changes.set(keyOf(change.object), change)
  }
  const present = new Map(existing.map((role) => [keyOf(role), role]))
  const after = new Map(present)
  for (const [key, { object }] of changes) if ('rules' in object) after.set(key, object)
  for (const [name, rules] of aggregate(after.values())) {
    const key = `/${name}`
    const role = after.get(key)
    if (role === undefined || isProtected(present.get(key))) continue
    const operation = changes.get(key)?.operation ?? 'update'
    changes.set(key, { operation, object: { ...role, rules } })
  }
  return [...changes.values()]
}

function each<T extends RoleObject | BindingObject>(
  existing: readonly T[],
  wanted: readonly T[],
  change: (existing: T, wanted: T) => PolicyChange | undefined,
): readonly PolicyChange[] {
  const present = new Map(existing.map((object) => [keyOf(object), object]))
  return wanted.flatMap((object) => {
    const found = present.get(keyOf(object))
    if (found === undefined) return [{ operation: 'create', object } as const]
    return isProtected(found) ? [] : (change(found, object) ?? [])
  })
}

function reconcileRole(existing: RoleObject, wanted: RoleObject): PolicyChange | undefined {
  const metadata = mergeMetadata(existing.metadata, wanted.metadata)
  const missing = missingRules(existing.rules ?? [], wanted.rules ?? [])
  const aggregationRule = mergeSelectors(existing, wanted)
  if (
    metadata === existing.metadata &&
    missing.length === 0 &&
    aggregationRule === existing.aggregationRule
  ) {
    return undefined
  }
  const rules = [...(existing.rules ?? []), ...missing]
  const object = { ...existing, metadata, rules, ...(aggregationRule && { aggregationRule }) }
  return { operation: 'update', object }
}

/** A wanted rule is added whole when any part of it is not held. */
function missingRules(
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted.filter((rule) => uncovered(held, [rule]).length > 0)
}

function mergeSelectors(existing: RoleObject, wanted: RoleObject): RoleObject['aggregationRule'] {
  const held = existing.aggregationRule?.clusterRoleSelectors ?? []
  const texts = new Set(held.map((selector) => JSON.stringify(selector)))
  const missing = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !texts.has(JSON.stringify(selector)),
  )
  if (missing.length === 0) return existing.aggregationRule
  return { clusterRoleSelectors: [...held, ...missing] }
}

function reconcileBinding(
  existing: BindingObject,
  wanted: BindingObject,
): PolicyChange | undefined {
  const { roleRef } = wanted
  const sameRole = existing.roleRef.kind === roleRef.kind && existing.roleRef.name === roleRef.name
  const held = existing.subjects ?? []
  const keys = new Set(held.map(subjectKey))
  const missing = (wanted.subjects ?? []).filter((subject) => !keys.has(subjectKey(subject)))
  const metadata = mergeMetadata(existing.metadata, wanted.metadata)
  const subjects = [...held, ...missing]
  if (!sameRole) return { operation: 'recreate', object: { ...wanted, metadata, subjects } }
  if (missing.length === 0 && metadata === existing.metadata) return undefined
  return { operation: 'update', object: { ...existing, metadata, subjects } }
}

/** The same object when nothing is missing. Values that somebody changed are kept. */
function mergeMetadata(existing: RbacMetadata, wanted: RbacMetadata): RbacMetadata {
  const labels = merge(existing.labels, wanted.labels)
  const annotations = merge(existing.annotations, wanted.annotations)
  if (labels === existing.labels && annotations === existing.annotations) return existing
  return { ...existing, ...(labels && { labels }), ...(annotations && { annotations }) }
}

function merge(
  existing: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  const held = existing ?? {}
  const missing = Object.entries(wanted ?? {}).filter(([key]) => !Object.hasOwn(held, key))
  return missing.length === 0 ? existing : { ...Object.fromEntries(missing), ...held }
}

function isProtected(object: RoleObject | BindingObject | undefined): boolean {
  const annotations = object?.metadata.annotations ?? {}
  return (
    Object.hasOwn(annotations, autoUpdateAnnotation) &&
    annotations[autoUpdateAnnotation] === 'false'
  )
}

function keyOf({ metadata }: RoleObject | BindingObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function subjectKey({ kind, apiGroup = '', name, namespace = '' }: Subject): string {
  return JSON.stringify([kind, apiGroup, name, namespace])
}
