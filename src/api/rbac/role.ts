import { type InputObjectOf, list, type ObjectOf, resource, struct } from '#machinery'
import { PolicyRule } from './policy-rule.ts'

export const RoleSchema = struct('io.k8s.api.rbac.v1.Role', () => ({
  rules: list(PolicyRule, 2).orNull(),
}))

export const Role = resource({
  name: 'roles',
  namespaced: true,
  faces: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role', schema: RoleSchema }],
  createOnUpdate: true,
})
export type Role = ObjectOf<typeof Role>
export type RoleInput = InputObjectOf<typeof Role>
