import type { UserInfo } from '../authentication/user.ts'
import type { Attributes } from '../authorization/authorizer.ts'
import type { RequestInfo } from '../request-info.ts'
import type { ApiRequest } from '../request.ts'
import { selectorAttributes } from './selector-attributes.ts'

/** What authorizers are asked about a request. */
export function attributesOf(user: UserInfo, info: RequestInfo, request: ApiRequest): Attributes {
  return {
    user,
    verb: info.verb,
    resourceRequest: info.isResourceRequest,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    ...selectorAttributes(info, request.query),
  }
}
