import type { PolicyRule } from './authorizer.ts'
import { rbacGroup, type RoleRef, type Subject } from './rbac.ts'

/** Roles and bindings as they are written, and short ways to say them. */

export interface RbacMetadata {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

export interface RoleObject {
  readonly apiVersion: string
  readonly kind: 'Role' | 'ClusterRole'
  readonly metadata: RbacMetadata
  readonly rules?: readonly PolicyRule[] | null
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] }
}

export interface BindingObject {
  readonly apiVersion: string
  readonly kind: 'RoleBinding' | 'ClusterRoleBinding'
  readonly metadata: RbacMetadata
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[] | null
}

export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate'
const apiVersion = `${rbacGroup}/v1`

/** A rule over resources; words are separated by spaces, and `core` is the group without a name. */
export function rule(
  verbs: string,
  apiGroups: string,
  resources: string,
  resourceNames = '',
): PolicyRule {
  const named = words(resourceNames)
  return {
    verbs: words(verbs),
    apiGroups: words(apiGroups)
      .map((group) => (group === 'core' ? '' : group))
      .sort(),
    resources: words(resources),
    ...(named.length > 0 && { resourceNames: named }),
  }
}

/** A rule over URL paths. */
export function urlRule(verbs: string, nonResourceURLs: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(nonResourceURLs) }
}

export const read = 'get list watch'
export const write = 'create delete deletecollection patch update'

/** What recording events takes, in both groups events are served in. */
export const eventsRule = rule('create patch update', 'core events.k8s.io', 'events')

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Readonly<Record<string, string>> = {},
): RoleObject {
  return { apiVersion, kind: 'ClusterRole', metadata: defaults({ name, labels }), rules }
}

/** A cluster role whose rules are those of the roles with a label. */
export function aggregatedRole(
  name: string,
  label: string,
  labels: Readonly<Record<string, string>> = {},
): RoleObject {
  const clusterRoleSelectors = [{ matchLabels: { [label]: 'true' } }]
  return { ...clusterRole(name, [], labels), aggregationRule: { clusterRoleSelectors } }
}

export function role(namespace: string, name: string, rules: readonly PolicyRule[]): RoleObject {
  return { apiVersion, kind: 'Role', metadata: defaults({ name, namespace }), rules }
}

export function clusterRoleBinding(roleName: string, subjects: readonly Subject[]): BindingObject {
  const roleRef = { apiGroup: rbacGroup, kind: 'ClusterRole', name: roleName }
  const metadata = defaults({ name: roleName })
  return { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects }
}

export function roleBinding(
  namespace: string,
  name: string,
  roleName: string,
  subjects: readonly Subject[],
): BindingObject {
  const roleRef = { apiGroup: rbacGroup, kind: 'Role', name: roleName }
  const metadata = defaults({ name, namespace })
  return { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects }
}

export function user(name: string): Subject {
  return { kind: 'User', apiGroup: rbacGroup, name }
}

export function group(name: string): Subject {
  return { kind: 'Group', apiGroup: rbacGroup, name }
}

export function systemAccount(name: string): Subject {
  return { kind: 'ServiceAccount', name, namespace: 'kube-system' }
}

function defaults(metadata: RbacMetadata): RbacMetadata {
  return {
    ...metadata,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...metadata.labels },
    annotations: { [autoUpdateAnnotation]: 'true' },
  }
}

function words(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ').sort()
}
