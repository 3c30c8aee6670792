import {
  nameIsPathSegment,
  type InputObjectOf,
  list,
  type Whole,
  resource,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { validateBinding, validateBindingUpdate } from './rbac-validation.ts'
import { subjectNames } from './subject-names.ts'
import { RoleRef, Subject } from './role-ref.ts'

export const RoleBindingSchema = struct('io.k8s.api.rbac.v1.RoleBinding', () => ({
  subjects: list(Subject, 2),
  roleRef: value(RoleRef, 3).required(),
}))

export const RoleBinding = resource({
  name: 'rolebindings',
  namespaced: true,
  validateName: nameIsPathSegment,
  faces: [
    {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'RoleBinding',
      schema: RoleBindingSchema,
    },
  ],
  createOnUpdate: true,
  validate: (binding) => validateBinding(binding, 'namespaced'),
  validateUpdate: (binding, old) => validateBindingUpdate(binding, old, 'namespaced'),
  columns: [
    nameColumn,
    { name: 'Role', value: (binding) => `${binding.roleRef.kind}/${binding.roleRef.name}` },
    ageColumn,
    { name: 'Users', priority: 1, value: (binding) => subjectNames(binding.subjects, 'User') },
    { name: 'Groups', priority: 1, value: (binding) => subjectNames(binding.subjects, 'Group') },
    {
      name: 'ServiceAccounts',
      priority: 1,
      value: (binding) => subjectNames(binding.subjects, 'ServiceAccount'),
    },
  ],
})
export type RoleBinding = Whole<typeof RoleBindingSchema>
export type RoleBindingInput = InputObjectOf<typeof RoleBinding>
