import { errors } from '#machinery'
import { forbiddenError, type Authorizer } from '../authorization/authorizer.ts'
import type { RequestHeaders } from './authenticator.ts'
import { extraHeaders } from './request-header.ts'
import {
  anonymousName,
  groups,
  parseServiceAccountUserName,
  serviceAccountGroups,
  type UserInfo,
} from './user.ts'

const userHeader = 'impersonate-user'
const groupHeader = 'impersonate-group'
const uidHeader = 'impersonate-uid'
const extraPrefix = 'impersonate-extra-'

/** One thing of another identity that the requester must be allowed to take on. */
interface Impersonated {
  readonly kind: 'ServiceAccount' | 'User' | 'Group' | 'UserExtra' | 'UID'
  readonly resource: string
  readonly apiGroup: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

/**
 * Who a request asks to act as, or undefined when it does not ask. The requester needs the verb
 * `impersonate` on each part: the user or service account, every group, every extra value, the uid.
 * Throws 403 for the first part refused, 400 when parts are asked for without a user.
 */
export function impersonate(
  requester: UserInfo,
  headers: RequestHeaders,
  authorizer: Authorizer,
): UserInfo | undefined {
  const [name = ''] = headers.headers(userHeader)
  const extra = extraHeaders(headers, extraPrefix)
  const parts = [
    ...userPart(name),
    ...headers.headers(groupHeader).map((group) => part('Group', 'groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => part('UserExtra', 'userextras', value, key)),
    ),
    ...headers
      .headers(uidHeader)
      .slice(0, 1)
      .filter((uid) => uid !== '')
      .map((uid) => part('UID', 'uids', uid)),
  ]
  if (parts.length === 0 && Object.keys(extra).length === 0) return undefined
  if (name === '') {
    const asked = parts.map(describe).join(' ')
    throw errors.badRequest(`requested [${asked}] without impersonating a user`)
  }
  for (const wanted of parts) mustBeAllowed(requester, wanted, authorizer)
  return {
    name,
    uid: headers.headers(uidHeader)[0] ?? '',
    groups: impersonatedGroups(name, headers.headers(groupHeader)),
    extra,
  }
}

function userPart(name: string): readonly Impersonated[] {
  if (name === '') return []
  const account = parseServiceAccountUserName(name)
  if (account === undefined) return [part('User', 'users', name)]
  const { namespace } = account
  return [{ ...part('ServiceAccount', 'serviceaccounts', account.name), namespace }]
}

function part(
  kind: Impersonated['kind'],
  resource: string,
  name: string,
  subresource = '',
): Impersonated {
  const apiGroup = kind === 'UserExtra' || kind === 'UID' ? 'authentication.k8s.io' : ''
  return { kind, resource, apiGroup, subresource, namespace: '', name }
}

function mustBeAllowed(user: UserInfo, wanted: Impersonated, authorizer: Authorizer): void {
  const attributes = {
    user,
    verb: 'impersonate',
    resourceRequest: true,
    apiGroup: wanted.apiGroup,
    apiVersion: wanted.apiGroup === '' ? '' : 'v1',
    resource: wanted.resource,
    subresource: wanted.subresource,
    namespace: wanted.namespace,
    name: wanted.name,
    path: '',
  }
  const { decision, reason } = authorizer.authorize(attributes)
  if (decision !== 'allow') throw forbiddenError(attributes, reason)
}

/** Groups asked for are all there are; else a service account has those every one of it has. */
function impersonatedGroups(name: string, asked: readonly string[]): readonly string[] {
  const account = parseServiceAccountUserName(name)
  const held =
    asked.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : asked
  if (name === anonymousName) {
    return held.includes(groups.unauthenticated) ? held : [...held, groups.unauthenticated]
  }
  const settled = held.includes(groups.authenticated) || held.includes(groups.unauthenticated)
  return settled ? held : [...held, groups.authenticated]
}

/** As Go prints the ObjectReference upstream builds: kind, namespace, name, uid, version, …, path. */
function describe({ kind, namespace, name, apiGroup, subresource }: Impersonated): string {
  const apiVersion = apiGroup === '' ? '' : `${apiGroup}/v1`
  return `{${[kind, namespace, name, '', apiVersion, '', subresource].join(' ')}}`
}
