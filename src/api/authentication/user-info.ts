import { item, list, map, type ReadOf, string, struct } from '#machinery'

export const UserInfo = struct('io.k8s.api.authentication.v1.UserInfo', () => ({
  username: string(1),
  uid: string(2),
  groups: list(item.string, 3),
  extra: map(item.list(item.string), 4),
}))
export type UserInfo = ReadOf<typeof UserInfo>
