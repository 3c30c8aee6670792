import { type InputObjectOf, list, type ObjectOf, resource, struct, value } from '#machinery'
import { RoleRef, Subject } from './role-ref.ts'

export const RoleBindingSchema = struct('io.k8s.api.rbac.v1.RoleBinding', () => ({
  subjects: list(Subject, 2),
  roleRef: value(RoleRef, 3).required(),
}))

export const RoleBinding = resource({
  name: 'rolebindings',
  namespaced: true,
  faces: [
    {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'RoleBinding',
      schema: RoleBindingSchema,
    },
  ],
  createOnUpdate: true,
})
export type RoleBinding = ObjectOf<typeof RoleBinding>
export type RoleBindingInput = InputObjectOf<typeof RoleBinding>
