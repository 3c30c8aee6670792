import type { PolicyRule } from './authorizer.ts'
import type { LabelSelector, RbacMetadata } from './role-objects.ts'

/** What is read of a ClusterRole here. */
export interface AggregatingRole {
  readonly metadata: RbacMetadata
  readonly rules?: readonly PolicyRule[] | null
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] }
}

/**
 * The rules that roles with an aggregation rule should have, by name, for those whose present rules
 * differ: the rules of all roles their selectors match, in order of name, without repeats. A role
 * that aggregates one that aggregates sees the new rules of that, too.
 */
export function aggregate(
  clusterRoles: Iterable<AggregatingRole>,
): ReadonlyMap<string, readonly PolicyRule[]> {
  const roles = [...clusterRoles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const aggregating = roles.filter((role) => role.aggregationRule !== undefined)
  const changed = new Map<string, readonly PolicyRule[]>()
  const rulesOf = (role: AggregatingRole) => changed.get(role.metadata.name) ?? role.rules ?? []
  // Each round carries rules one role further, and no chain is longer than there are roles.
  for (let round = 0; round <= aggregating.length; round++) {
    let settled = true
    for (const role of aggregating) {
      const rules = collect(role, roles, rulesOf)
      if (same(rules, rulesOf(role))) continue
      changed.set(role.metadata.name, rules)
      settled = false
    }
    if (settled) break
  }
  return changed
}

function collect(
  role: AggregatingRole,
  roles: readonly AggregatingRole[],
  rulesOf: (role: AggregatingRole) => readonly PolicyRule[],
): readonly PolicyRule[] {
  const collected = new Map<string, PolicyRule>()
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of roles) {
      if (other === role || !selects(selector, other.metadata.labels ?? {})) continue
      for (const rule of rulesOf(other)) {
        const key = ruleKey(rule)
        if (!collected.has(key)) collected.set(key, rule)
      }
    }
  }
  return [...collected.values()]
}

function same(a: readonly PolicyRule[], b: readonly PolicyRule[]): boolean {
  return a.length === b.length && a.every((rule, i) => ruleKey(rule) === ruleKey(b[i] ?? rule))
}

function ruleKey(rule: PolicyRule): string {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  return JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs])
}

/** A selector that asks for nothing matches everything; an operator nobody knows matches nothing. */
function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const valueOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined)
  if (!Object.entries(matchLabels).every(([key, value]) => valueOf(key) === value)) return false
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = valueOf(key)
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      default:
        return false
    }
  })
}
