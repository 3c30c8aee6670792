import type { Call } from '../registry/call.ts'
import type { ApiRequest } from '../request.ts'
import type { RequestInfo } from '../request-info.ts'
import type { UserInfo } from '../authentication/user.ts'

/** A call of a subresource or of a virtual kind, past authorization. */
export interface SubresourceCall {
  /** For writing the object through the registry's own loop. */
  readonly call: Call
  readonly request: ApiRequest
  readonly info: RequestInfo
  readonly user: UserInfo
  /** The parsed body, undefined where there is none; not yet read as any kind. */
  readonly body: unknown
  warn(message: string): void
}
