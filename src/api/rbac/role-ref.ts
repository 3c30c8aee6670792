import { type ReadOf, string, struct } from '#machinery'

export const rbacGroup = 'rbac.authorization.k8s.io'

export const RoleRef = struct(
  'io.k8s.api.rbac.v1.RoleRef',
  () => ({
    apiGroup: string(1).emit().default(rbacGroup),
    kind: string(2).emit().required(),
    name: string(3).emit().required(),
  }),
  { mapType: 'atomic' },
)
export type RoleRef = ReadOf<typeof RoleRef>

export const Subject = struct(
  'io.k8s.api.rbac.v1.Subject',
  () => ({
    kind: string(1).emit().required(),
    apiGroup: string(2),
    name: string(3).emit().required(),
    namespace: string(4),
  }),
  {
    mapType: 'atomic',
    /** Users and groups are RBAC's own kinds, service accounts are of the core group. */
    defaults(subject) {
      if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= rbacGroup
    },
  },
)
export type Subject = ReadOf<typeof Subject>
