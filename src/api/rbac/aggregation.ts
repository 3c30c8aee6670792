import {
  LabelSelector,
  SelectorError,
  selectorFromObject,
  type LabelSelectorObject,
} from '#machinery'

/** What is read of a ClusterRole here. */
export interface AggregatingRole<R extends AggregatedRule> {
  readonly metadata: {
    readonly name?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly rules?: readonly R[] | null
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelectorObject[] }
}

export interface AggregatedRule {
  readonly verbs: readonly string[] | null
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

/**
 * The rules that roles with an aggregation rule should have, by name, for those whose present rules
 * differ: the rules of all roles their selectors match, in order of name, without repeats. A role
 * that aggregates one that aggregates sees the new rules of that, too.
 */
export function aggregate<R extends AggregatedRule>(
  clusterRoles: Iterable<AggregatingRole<R>>,
): ReadonlyMap<string, readonly R[]> {
  const roles = [...clusterRoles].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const aggregating = roles.filter((role) => role.aggregationRule !== undefined)
  const changed = new Map<string, readonly R[]>()
  const rulesOf = (role: AggregatingRole<R>) => changed.get(nameOf(role)) ?? role.rules ?? []
  // Each round carries rules one role further, and no chain is longer than there are roles.
  for (let round = 0; round <= aggregating.length; round++) {
    let settled = true
    for (const role of aggregating) {
      const rules = collect(role, roles, rulesOf)
      if (same(rules, rulesOf(role))) continue
      changed.set(nameOf(role), rules)
      settled = false
    }
    if (settled) break
  }
  return changed
}

function nameOf({ metadata }: { readonly metadata: { readonly name?: string } }): string {
  return metadata.name ?? ''
}

function collect<R extends AggregatedRule>(
  role: AggregatingRole<R>,
  roles: readonly AggregatingRole<R>[],
  rulesOf: (role: AggregatingRole<R>) => readonly R[],
): readonly R[] {
  const collected = new Map<string, R>()
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selected = selectorOf(selector)
    for (const other of roles) {
      if (other === role || !selected.matches(other.metadata.labels)) continue
      for (const rule of rulesOf(other)) {
        const key = ruleKey(rule)
        if (!collected.has(key)) collected.set(key, rule)
      }
    }
  }
  return [...collected.values()]
}

/** Roles of old may hold what validation refuses today; it selects nothing. */
function selectorOf(selector: LabelSelectorObject): LabelSelector {
  try {
    return selectorFromObject(selector)
  } catch (error) {
    if (error instanceof SelectorError) return LabelSelector.nothing
    throw error
  }
}

function same(a: readonly AggregatedRule[], b: readonly AggregatedRule[]): boolean {
  return a.length === b.length && a.every((rule, i) => ruleKey(rule) === ruleKey(b[i] ?? rule))
}

function ruleKey(rule: AggregatedRule): string {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  return JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs])
}
