import type { UserInfo as UserInfoObject } from '#api'
import type { UserInfo } from '../../authentication/user.ts'

/** A user as `authentication.k8s.io` writes it. */
export function userInfoOf({ name, uid, groups, extra }: UserInfo): UserInfoObject {
  return {
    username: name,
    uid,
    groups,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}
