import { errors, quote, type StatusError } from '#machinery'
import type { UserInfo } from '../authentication/user.ts'

/** What a request asks to do, as `authorization.k8s.io` describes it. */
export interface Attributes {
  readonly user: UserInfo
  /** `get`, `list`, `create`, … for resources; the lower-case HTTP method for paths. */
  readonly verb: string
  readonly resourceRequest: boolean
  readonly apiGroup: string
  readonly apiVersion: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** The URL's path; what is asked for when it is no resource request. */
  readonly path: string
  readonly fieldSelector?: readonly SelectorRequirement[]
  readonly labelSelector?: readonly SelectorRequirement[]
}

/** One requirement of a request's selector; all of them hold for what the request may touch. */
export interface SelectorRequirement {
  readonly key: string
  /** `=`, `!=`, `in`, `notin`, `exists`, `!`. */
  readonly operator: string
  readonly values: readonly string[]
}

export interface Decision {
  /** Only `allow` admits. `deny` ends the search; `noOpinion` leaves it to the next authorizer. */
  readonly decision: 'allow' | 'deny' | 'noOpinion'
  /** Why: shown to the user when refused, recorded in the audit log when allowed. */
  readonly reason: string
}

/** A rule as roles hold them (`rbac.authorization.k8s.io/v1`). */
export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

/** What an authorizer can tell of a user's rights in a namespace (SelfSubjectRulesReview). */
export interface RulesOf {
  readonly resourceRules: readonly PolicyRule[]
  readonly nonResourceRules: readonly PolicyRule[]
  /** True when the lists are not all there is. */
  readonly incomplete: boolean
  readonly evaluationError: string
}

/** Decides from current state, synchronously, without effects; safe to call for every request. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision
  rulesFor(user: UserInfo, namespace: string): RulesOf
}

export const noOpinion: Decision = { decision: 'noOpinion', reason: '' }

export const noRules: RulesOf = {
  resourceRules: [],
  nonResourceRules: [],
  incomplete: false,
  evaluationError: '',
}

/** Asks each in turn; the first that allows or denies decides. */
export function unionAuthorizer(...authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      const reasons: string[] = []
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes)
        if (decision.decision !== 'noOpinion') return decision
        if (decision.reason !== '') reasons.push(decision.reason)
      }
      return reasons.length === 0
        ? noOpinion
        : { decision: 'noOpinion', reason: reasons.join('\n') }
    },
    rulesFor(user, namespace) {
      const all = authorizers.map((authorizer) => authorizer.rulesFor(user, namespace))
      return {
        resourceRules: all.flatMap((rules) => rules.resourceRules),
        nonResourceRules: all.flatMap((rules) => rules.nonResourceRules),
        incomplete: all.some((rules) => rules.incomplete),
        evaluationError: aggregate(
          all.flatMap((rules) => (rules.evaluationError === '' ? [] : [rules.evaluationError])),
        ),
      }
    },
  }
}

/** Members of these groups may do everything: how a cluster is managed before it has any role. */
export function privilegedGroups(...privileged: readonly string[]): Authorizer {
  const isPrivileged = (user: UserInfo) => user.groups.some((group) => privileged.includes(group))
  const allow: Decision = { decision: 'allow', reason: '' }
  const everything: RulesOf = {
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
    evaluationError: '',
  }
  return {
    authorize: ({ user }) => (isPrivileged(user) ? allow : noOpinion),
    rulesFor: (user) => (isPrivileged(user) ? everything : noRules),
  }
}

/** The 403 of a request that was not allowed, in upstream's words. */
export function forbiddenError(attributes: Attributes, reason: string): StatusError {
  const { resourceRequest, apiGroup, resource, name } = attributes
  const why = reason === '' ? refusalOf(attributes) : `${refusalOf(attributes)}: ${reason}`
  return resourceRequest
    ? errors.forbidden({ group: apiGroup, resource }, name, why)
    : errors.forbidden({ group: '', resource: '' }, '', why)
}

/** `User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
export function refusalOf(attributes: Attributes): string {
  const who = `User ${quote(attributes.user.name)} cannot ${attributes.verb}`
  if (!attributes.resourceRequest) return `${who} path ${quote(attributes.path)}`
  const what = `resource ${quote(combinedResource(attributes))}`
  const group = `API group ${quote(attributes.apiGroup)}`
  const scope =
    attributes.namespace === ''
      ? 'at the cluster scope'
      : `in the namespace ${quote(attributes.namespace)}`
  return `${who} ${what} in ${group} ${scope}`
}

/** `pods`, `pods/log`. */
export function combinedResource(attributes: Attributes): string {
  const { resource, subresource } = attributes
  return subresource === '' ? resource : `${resource}/${subresource}`
}

/** Several errors as one text: the error itself when there is one, else `[a, b]` without repeats. */
export function aggregate(messages: readonly string[]): string {
  const distinct = [...new Set(messages)]
  return distinct.length > 1 ? `[${distinct.join(', ')}]` : (distinct[0] ?? '')
}
