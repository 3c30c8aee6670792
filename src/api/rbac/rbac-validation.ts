import {
  equalJson,
  field,
  FieldPath,
  isDNS1123Subdomain,
  isValidPathSegmentName,
  validateLabelSelector,
  type FieldError,
} from '#machinery'
import { each, oneOfValues, problems, requiredText } from '../validation.ts'
import type { AggregationRule } from './cluster-role.ts'
import type { PolicyRule } from './policy-rule.ts'
import { rbacGroup, type RoleRef, type Subject } from './role-ref.ts'

/** What roles and bindings have in common; of a namespace, or of the cluster. */
type Scope = 'namespaced' | 'cluster'

export function validateRules(
  rules: readonly PolicyRule[] | null | undefined,
  scope: Scope,
): readonly FieldError[] {
  return each(FieldPath.root('rules'), rules, (rule, path) => validateRule(rule, scope, path))
}

/** A rule is about resources or about URLs, never about both. */
function validateRule(rule: PolicyRule, scope: Scope, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = []
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  if ((verbs ?? []).length === 0) {
    errors.push(field.required(path.child('verbs'), 'verbs must contain at least one value'))
  }
  if (nonResourceURLs.length > 0) {
    const urlsPath = path.child('nonResourceURLs')
    if (scope === 'namespaced') {
      const why = 'namespaced rules cannot apply to non-resource URLs'
      errors.push(field.invalid(urlsPath, nonResourceURLs, why))
    }
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs'
      errors.push(field.invalid(urlsPath, nonResourceURLs, why))
    }
    return errors
  }
  if (apiGroups.length === 0) {
    const why = 'resource rules must supply at least one api group'
    errors.push(field.required(path.child('apiGroups'), why))
  }
  if (resources.length === 0) {
    const why = 'resource rules must supply at least one resource'
    errors.push(field.required(path.child('resources'), why))
  }
  return errors
}

export function validateAggregationRule(rule: AggregationRule | undefined): readonly FieldError[] {
  if (rule === undefined) return []
  const path = FieldPath.root('aggregationRule', 'clusterRoleSelectors')
  const { clusterRoleSelectors = [] } = rule
  if (clusterRoleSelectors.length === 0) {
    const why = 'at least one clusterRoleSelector required if aggregationRule is non-nil'
    return [field.required(path, why)]
  }
  return each(path, clusterRoleSelectors, (selector, at) => validateLabelSelector(selector, at))
}

interface Binding {
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[]
}

const rolePath = FieldPath.root('roleRef')

export function validateBinding(
  { roleRef, subjects }: Binding,
  scope: Scope,
): readonly FieldError[] {
  const kinds = scope === 'namespaced' ? ['Role', 'ClusterRole'] : ['ClusterRole']
  return [
    ...supported(rolePath.child('apiGroup'), roleRef.apiGroup, [rbacGroup]),
    ...supported(rolePath.child('kind'), roleRef.kind, kinds),
    ...requiredText(rolePath.child('name'), roleRef.name, isValidPathSegmentName),
    ...each(FieldPath.root('subjects'), subjects, (subject, path) =>
      validateSubject(subject, scope, path),
    ),
  ]
}

/** What a binding grants is decided once; only to whom can change. */
export function validateBindingUpdate(
  binding: Binding,
  old: Binding,
  scope: Scope,
): readonly FieldError[] {
  const errors = validateBinding(binding, scope)
  if (equalJson(binding.roleRef, old.roleRef)) return errors
  return [...errors, field.invalid(rolePath, binding.roleRef, 'cannot change roleRef')]
}

function validateSubject(subject: Subject, scope: Scope, path: FieldPath): readonly FieldError[] {
  const { kind, name, apiGroup = '', namespace = '' } = subject
  const namePath = path.child('name')
  const groupPath = path.child('apiGroup')
  const errors: FieldError[] = name === '' ? [field.required(namePath)] : []
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...problems(namePath, name, isDNS1123Subdomain(name)))
      errors.push(...supported(groupPath, apiGroup, ['']))
      if (scope === 'cluster' && namespace === '') {
        errors.push(field.required(path.child('namespace')))
      }
      return errors
    case 'User':
    case 'Group':
      return [...errors, ...supported(groupPath, apiGroup, [rbacGroup])]
    default:
      return [...errors, ...supported(path.child('kind'), kind, subjectKinds)]
  }
}

const subjectKinds = ['ServiceAccount', 'User', 'Group']

/** Here the empty text is a value like any other. */
const supported = (path: FieldPath, value: string, values: readonly string[]) =>
  oneOfValues(path, value, values)
