import { credentialsOf, type Credentials } from '../authentication/authenticator.ts'
import type { UserInfo } from '../authentication/user.ts'
import type { ApiRequest } from '../request.ts'

/** The chain of authenticators, ending in anonymous or a 401. */
export interface Authentication {
  authenticate(credentials: Credentials): Promise<UserInfo>
}

/** Who makes the request: the in-process transport says so itself, others show credentials. */
export async function authenticate(
  authentication: Authentication,
  request: ApiRequest,
): Promise<UserInfo> {
  return request.peer.user ?? authentication.authenticate(credentialsOf(request))
}
