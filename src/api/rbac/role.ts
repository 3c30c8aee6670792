import {
  nameIsPathSegment,
  type InputObjectOf,
  list,
  type Whole,
  resource,
  struct,
} from '#machinery'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { validateRules } from './rbac-validation.ts'
import { PolicyRule } from './policy-rule.ts'

export const RoleSchema = struct('io.k8s.api.rbac.v1.Role', () => ({
  rules: list(PolicyRule, 2).orNull(),
}))

export const Role = resource({
  name: 'roles',
  namespaced: true,
  validateName: nameIsPathSegment,
  faces: [{ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role', schema: RoleSchema }],
  createOnUpdate: true,
  validate: (role) => validateRules(role.rules, 'namespaced'),
  columns: [nameColumn, createdAtColumn],
})
export type Role = Whole<typeof RoleSchema>
export type RoleInput = InputObjectOf<typeof Role>
