import type { UserInfo } from '../authentication/user.ts'
import type { Attributes } from '../authorization/authorizer.ts'

/** A user with groups, and what such a user asks to do: the rest of an attribute set is empty. */
export function userInfo(name: string, ...groups: readonly string[]): UserInfo {
  return { name, uid: '', groups, extra: {} }
}

/** `ask(user, 'get', 'pods/log', {namespace: 'a'})`; a group stands after a dot: `leases.coordination.k8s.io`. */
export function ask(
  user: UserInfo,
  verb: string,
  resource: string,
  rest: Partial<Attributes> = {},
): Attributes {
  const [combined = '', ...group] = resource.split('.')
  const [name = '', subresource = ''] = combined.split('/')
  return {
    user,
    verb,
    resourceRequest: true,
    apiGroup: group.join('.'),
    apiVersion: 'v1',
    resource: name,
    subresource,
    namespace: '',
    name: '',
    path: '',
    ...rest,
  }
}

export function askPath(user: UserInfo, verb: string, path: string): Attributes {
  return { ...ask(user, verb, ''), resourceRequest: false, path }
}
