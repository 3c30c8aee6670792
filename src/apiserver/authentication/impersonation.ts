import { errors, hasReason, quote } from '#machinery'
import { forbiddenError, type Attributes, type Authorizer } from '../authorization/authorizer.ts'
import type { RequestHeaders } from './authenticator.ts'
import { extraHeaders } from './request-header.ts'
import {
  anonymousName,
  extraKeys,
  groups,
  isSubdomain,
  parseServiceAccountUserName,
  serviceAccountGroups,
  type UserInfo,
} from './user.ts'

const userHeader = 'impersonate-user'
const groupHeader = 'impersonate-group'
const uidHeader = 'impersonate-uid'
const extraPrefix = 'impersonate-extra-'

export interface Impersonated {
  readonly user: UserInfo
  /** The verb that allowed it, for the audit event; empty for the unconstrained `impersonate`. */
  readonly constraint: string
}

/**
 * Who a request asks to act as, or undefined when it does not ask. The modes of KEP-5284 are tried
 * first: each takes the right to impersonate this identity and the right to do, while impersonating,
 * what the request does. Last comes the verb `impersonate`, which allows everything. `attributes`
 * are the request's with the user who makes it.
 *
 * Throws the 403 of the first mode that applies when none allows it, and 400 when parts of an
 * identity are asked for without a user name.
 */
export function impersonate(
  attributes: Attributes,
  headers: RequestHeaders,
  authorizer: Authorizer,
): Impersonated | undefined {
  const wanted = wantedUser(headers)
  if (wanted === undefined) return undefined
  let refusal: unknown
  for (const mode of modesFor(wanted, attributes.user)) {
    try {
      return checkMode(mode, wanted, attributes, authorizer)
    } catch (error) {
      if (!hasReason(error, 'Forbidden')) throw error
      refusal ??= error
    }
  }
  throw refusal
}

function wantedUser(headers: RequestHeaders): UserInfo | undefined {
  const wanted: UserInfo = {
    name: headers.headers(userHeader)[0] ?? '',
    uid: headers.headers(uidHeader)[0] ?? '',
    groups: headers.headers(groupHeader),
    extra: extraHeaders(headers, extraPrefix),
  }
  if (wanted.name !== '') return wanted
  if (onlyNameSet(wanted)) return undefined
  throw errors.badRequest(`requested ${goText(wanted)} without impersonating a user name`)
}

interface Mode {
  readonly constrained: boolean
  /** `impersonate`, or `impersonate:<mode>`. */
  readonly verb: string
  /** What the request's own verb must be allowed as: `impersonate-on:<mode>:<verb>`. */
  readonly onVerb: string
  /** The requester's pod runs on the node it wants to be; checked for all nodes alike. */
  readonly associatedNode: boolean
}

function modesFor(wanted: UserInfo, requester: UserInfo): readonly Mode[] {
  const constrained = (mode: string): Mode => ({
    constrained: true,
    verb: `impersonate:${mode}`,
    onVerb: `impersonate-on:${mode}:`,
    associatedNode: mode === 'associated-node',
  })
  const legacy = { constrained: false, verb: 'impersonate', onVerb: '', associatedNode: false }
  const node = nodeName(wanted.name)
  const account = parseServiceAccountUserName(wanted.name)
  if (node === undefined && account === undefined) return [constrained('user-info'), legacy]
  if (!onlyNameSet(wanted)) return [legacy]
  if (account !== undefined) return [constrained('serviceaccount'), legacy]
  const own = isOnNode(requester, node ?? '') ? [constrained('associated-node')] : []
  return [...own, constrained('arbitrary-node'), legacy]
}

/** A service account whose token says that it runs on the node. */
function isOnNode(requester: UserInfo, node: string): boolean {
  const key = extraKeys.nodeName
  const values = Object.hasOwn(requester.extra, key) ? (requester.extra[key] ?? []) : []
  const isAccount = parseServiceAccountUserName(requester.name) !== undefined
  return isAccount && values.length === 1 && values[0] === node
}

function checkMode(
  mode: Mode,
  wanted: UserInfo,
  attributes: Attributes,
  authorizer: Authorizer,
): Impersonated {
  const user = mode.associatedNode ? withoutNodeValues(attributes.user) : attributes.user
  if (mode.constrained) {
    mustAllow(authorizer, { ...attributes, user, verb: `${mode.onVerb}${attributes.verb}` })
  }
  const check = new IdentityCheck(mode, user, authorizer)
  check.name(wanted.name)
  if (wanted.uid !== '') check.uid(wanted.uid)
  if (wanted.groups.length > 0) check.groups(wanted.groups)
  check.extra(wanted.extra)
  return {
    user: { ...wanted, groups: impersonatedGroups(wanted, mode.constrained) },
    constraint: mode.constrained ? mode.verb : '',
  }
}

/** The same decision for a service account on every node: values that differ are left out. */
function withoutNodeValues(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra).sort()
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } }
}

/** Asks for each part of an identity whether the requester may take it on in a mode. */
class IdentityCheck {
  readonly #mode: Mode
  readonly #user: UserInfo
  readonly #authorizer: Authorizer

  constructor(mode: Mode, user: UserInfo, authorizer: Authorizer) {
    this.#mode = mode
    this.#user = user
    this.#authorizer = authorizer
  }

  name(name: string): void {
    const account = parseServiceAccountUserName(name)
    const node = this.#mode.constrained ? nodeName(name) : undefined
    if (account !== undefined) this.#must('serviceaccounts', account)
    else if (node !== undefined) {
      this.#must('nodes', { name: this.#mode.associatedNode ? '*' : node })
    } else this.#must('users', { name })
  }

  uid(name: string): void {
    this.#must('uids', { name, apiGroup: authenticationGroup })
  }

  groups(names: readonly string[]): void {
    if (this.#mode.constrained) {
      if (names.includes('')) {
        this.#refuse('groups', { name: '' }, 'impersonating the empty string group is not allowed')
      }
      if (names.includes(groups.masters)) {
        const why = 'impersonating the system:masters group is not allowed'
        this.#refuse('groups', { name: groups.masters }, why)
      }
    }
    for (const name of names) this.#must('groups', { name })
  }

  extra(extra: UserInfo['extra']): void {
    const apiGroup = authenticationGroup
    for (const [key, values] of Object.entries(extra)) {
      const why = this.#mode.constrained ? invalidExtra(key, values) : undefined
      if (why !== undefined) this.#refuse('userextras', { name: '', apiGroup }, why)
    }
    for (const [subresource, values] of Object.entries(extra)) {
      for (const name of values) this.#must('userextras', { name, subresource, apiGroup })
    }
  }

  #must(resource: string, part: Part): void {
    mustAllow(this.#authorizer, this.#attributes(resource, part))
  }

  #refuse(resource: string, part: Part, why: string): never {
    throw forbiddenError(this.#attributes(resource, part), why)
  }

  #attributes(resource: string, part: Part): Attributes {
    return {
      user: this.#user,
      verb: this.#mode.verb,
      resourceRequest: true,
      apiGroup: this.#mode.constrained ? authenticationGroup : '',
      apiVersion: 'v1',
      resource,
      subresource: '',
      namespace: '',
      path: '',
      ...part,
    }
  }
}

type Part = { readonly name: string } & Partial<Attributes>

const authenticationGroup = 'authentication.k8s.io'

function mustAllow(authorizer: Authorizer, attributes: Attributes): void {
  const { decision, reason } = authorizer.authorize(attributes)
  if (decision !== 'allow') throw forbiddenError(attributes, reason)
}

/** Why an extra value may not be taken on in a constrained mode. */
function invalidExtra(key: string, values: readonly string[]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed'
  const slash = key.indexOf('/')
  if (slash < 1 || slash === key.length - 1 || !isSubdomain(key.slice(0, slash))) {
    return `impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ${quote(key)}: must be a domain-prefixed path (such as "acme.io/foo")`
  }
  if (key !== key.toLowerCase()) {
    return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`
  }
  if (values.length === 0) return 'impersonating empty values in extra is not allowed'
  if (values.includes('')) {
    return 'impersonating the empty string value in extra is not allowed'
  }
  return undefined
}

/** Groups asked for are all there are; else those that the kind of user always has. */
function impersonatedGroups(wanted: UserInfo, constrained: boolean): readonly string[] {
  const account = parseServiceAccountUserName(wanted.name)
  let held = wanted.groups
  if (held.length === 0 && account !== undefined) held = serviceAccountGroups(account.namespace)
  if (constrained && nodeName(wanted.name) !== undefined) held = [groups.nodes]
  const { authenticated, unauthenticated } = groups
  if (held.includes(unauthenticated)) return held
  const everybody = wanted.name === anonymousName ? unauthenticated : authenticated
  return held.includes(everybody) ? held : [...held, everybody]
}

function nodeName(userName: string): string | undefined {
  const prefix = 'system:node:'
  const name = userName.startsWith(prefix) ? userName.slice(prefix.length) : ''
  return isSubdomain(name) ? name : undefined
}

function onlyNameSet({ uid, groups: wanted, extra }: UserInfo): boolean {
  return uid === '' && wanted.length === 0 && Object.keys(extra).length === 0
}

/** As Go prints the struct in upstream's message. */
function goText({ name, uid, groups: wanted, extra }: UserInfo): string {
  const list = (values: readonly string[]) =>
    values.length === 0 ? '(nil)' : `{${values.map(quote).join(', ')}}`
  const entries = Object.entries(extra).map(
    ([key, values]) => `${quote(key)}:[]string${list(values)}`,
  )
  const map = entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`
  return `&user.DefaultInfo{Name:${quote(name)}, UID:${quote(uid)}, Groups:[]string${list(wanted)}, Extra:map[string][]string${map}}`
}
