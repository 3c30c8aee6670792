import { type InputObjectOf, list, type ObjectOf, resource, struct, value } from '#machinery'
import { RoleRef, Subject } from './role-ref.ts'

export const ClusterRoleBindingSchema = struct('io.k8s.api.rbac.v1.ClusterRoleBinding', () => ({
  subjects: list(Subject, 2),
  roleRef: value(RoleRef, 3).required(),
}))

export const ClusterRoleBinding = resource({
  name: 'clusterrolebindings',
  namespaced: false,
  faces: [
    {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'ClusterRoleBinding',
      schema: ClusterRoleBindingSchema,
    },
  ],
  createOnUpdate: true,
})
export type ClusterRoleBinding = ObjectOf<typeof ClusterRoleBinding>
export type ClusterRoleBindingInput = InputObjectOf<typeof ClusterRoleBinding>
