import { quote } from '#machinery'
import { groups, type UserInfo } from '../authentication/user.ts'
import type { Attributes, Authorizer, PolicyRule } from './authorizer.ts'
import { rbacGroup, type HeldRules, type RbacAuthorizer, type RoleRef } from './rbac.ts'
import { uncovered } from './rules.ts'

/** A write of a role or binding, as the checks against privilege escalation see it. */
export interface GrantRequest {
  readonly user: UserInfo
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string
  /** Of the role or binding being written; may be empty on creation. */
  readonly name: string
}

/**
 * Whether a user may write a role with these rules: with the verb `escalate` on it, or by holding
 * everything it grants. Returns the text of the refusal, or undefined. A role that aggregates others
 * may come to grant anything, so it takes holding everything: pass `fullAuthority` for its rules.
 */
export function validateEscalation(
  request: GrantRequest & { readonly resource: 'roles' | 'clusterroles' },
  rules: readonly PolicyRule[],
  authorizer: Authorizer,
  held: HeldRules,
): string | undefined {
  if (request.user.groups.includes(groups.masters)) return undefined
  if (allows(authorizer, request, 'escalate', request.resource, request.name)) return undefined
  return confirmNoEscalation(request.user, held, rules)
}

/**
 * Whether a user may write a binding: with the verb `bind` on the role, or by holding everything
 * the role grants. Returns the text of the refusal, or undefined.
 */
export function validateBinding(
  request: GrantRequest,
  roleRef: RoleRef,
  authorizer: Authorizer,
  rbac: RbacAuthorizer,
): string | undefined {
  if (request.user.groups.includes(groups.masters)) return undefined
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  if (allows(authorizer, request, 'bind', resource, roleRef.name)) return undefined
  const rules = rbac.referencedRules(roleRef, request.namespace)
  if (typeof rules === 'string') return rules
  return confirmNoEscalation(request.user, rbac.heldRules(request.user, request.namespace), rules)
}

/** What one must hold to write a role with an aggregation rule. */
export const fullAuthority: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** The pure heart of both: undefined when all is held, else upstream's message of what is missing. */
export function confirmNoEscalation(
  user: UserInfo,
  held: HeldRules,
  wanted: readonly PolicyRule[],
): string | undefined {
  const missing = uncovered(held.rules, wanted)
  if (missing.length === 0) return undefined
  const described = [...new Set(compact(missing).map(describeRule))].sort()
  const unresolved =
    held.errors.length === 0 ? '' : `; resolution errors: [${held.errors.join(' ')}]`
  const who = `user ${quote(user.name)} (groups=${quoteList(user.groups)})`
  const what = 'is attempting to grant RBAC permissions not currently held'
  return `${who} ${what}:\n${described.join('\n')}${unresolved}`
}

/** Joins the verbs of rules that otherwise ask for the same one resource. */
function compact(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const simple = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    if (rule.nonResourceURLs !== undefined) {
      others.push(rule)
      continue
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames])
    const found = simple.get(key)
    simple.set(
      key,
      found === undefined ? rule : { ...rule, verbs: [...found.verbs, ...rule.verbs] },
    )
  }
  return [...others, ...simple.values()]
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}` */
function describeRule(rule: PolicyRule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const
  const filled = parts.filter(([, values]) => values !== undefined && values.length > 0)
  return `{${filled.map(([name, values]) => `${name}:${quoteList(values ?? [])}`).join(', ')}}`
}

function quoteList(values: readonly string[]): string {
  return `[${values.map(quote).join(' ')}]`
}

function allows(
  authorizer: Authorizer,
  { user, namespace }: GrantRequest,
  verb: 'bind' | 'escalate',
  resource: string,
  name: string,
): boolean {
  const attributes: Attributes = {
    user,
    verb,
    resourceRequest: true,
    apiGroup: rbacGroup,
    apiVersion: '*',
    resource,
    subresource: '',
    namespace,
    name,
    path: '',
  }
  return authorizer.authorize(attributes).decision === 'allow'
}
