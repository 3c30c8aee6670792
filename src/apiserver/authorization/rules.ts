import { combinedResource, type Attributes, type PolicyRule } from './authorizer.ts'

/** Whether a rule allows what is asked: `*`, `*` before a subresource, and prefixes of URLs. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!matches(rule.verbs, attributes.verb)) return false
  if (!attributes.resourceRequest) return urlMatches(rule.nonResourceURLs, attributes.path)
  return (
    matches(rule.apiGroups, attributes.apiGroup) &&
    resourceMatches(rule.resources, combinedResource(attributes), attributes.subresource) &&
    nameMatches(rule.resourceNames, attributes.name)
  )
}

function matches(held: readonly string[] | undefined, asked: string): boolean {
  return held !== undefined && (held.includes(asked) || held.includes('*'))
}

function resourceMatches(
  held: readonly string[] | undefined,
  combined: string,
  subresource: string,
): boolean {
  if (matches(held, combined)) return true
  return subresource !== '' && held !== undefined && held.includes(`*/${subresource}`)
}

/** No names means every name. A request without a name (create, list) matches only that. */
function nameMatches(held: readonly string[] | undefined, asked: string): boolean {
  return held === undefined || held.length === 0 || held.includes(asked)
}

function urlMatches(held: readonly string[] | undefined, path: string): boolean {
  return held !== undefined && held.some((pattern) => urlCovers(pattern, path))
}

function urlCovers(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))
}

/** Whether whoever holds `owner` may hand out `servant`, one rule against one. */
export function ruleCovers(owner: PolicyRule, servant: PolicyRule): boolean {
  return (
    hasAll(owner.verbs, servant.verbs) &&
    hasAll(owner.apiGroups, servant.apiGroups) &&
    resourcesCover(owner.resources ?? [], servant.resources ?? []) &&
    namesCover(owner.resourceNames ?? [], servant.resourceNames ?? []) &&
    (servant.nonResourceURLs ?? []).every((path) =>
      (owner.nonResourceURLs ?? []).some((pattern) => urlCovers(pattern, path)),
    )
  )
}

function hasAll(owner: readonly string[] = [], servant: readonly string[] = []): boolean {
  return owner.includes('*') || servant.every((value) => owner.includes(value))
}

function resourcesCover(owner: readonly string[], servant: readonly string[]): boolean {
  if (owner.includes('*')) return true
  return servant.every((resource) => {
    if (owner.includes(resource)) return true
    const slash = resource.indexOf('/')
    return slash !== -1 && owner.includes(`*${resource.slice(slash)}`)
  })
}

function namesCover(owner: readonly string[], servant: readonly string[]): boolean {
  if (owner.length === 0) return true
  return servant.length > 0 && servant.every((name) => owner.includes(name))
}

/**
 * The smallest parts of `servant` that no rule of `owner` covers; empty when all is covered. Rules
 * are compared part by part, so several owner rules may cover one rule together.
 */
export function uncovered(
  owner: readonly PolicyRule[],
  servant: readonly PolicyRule[],
): readonly PolicyRule[] {
  return servant.flatMap(breakDown).filter((part) => !owner.some((rule) => ruleCovers(rule, part)))
}

/** One rule for each combination of verb with group, resource and name, or with URL. */
function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const names = rule.resourceNames ?? []
  const parts: PolicyRule[] = []
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { apiGroups: [group], resources: [resource], verbs: [verb] }
        if (names.length === 0) parts.push(part)
        for (const name of names) parts.push({ ...part, resourceNames: [name] })
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] })
  }
  return parts
}
