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

export const ClusterRoleBindingSchema = struct('io.k8s.api.rbac.v1.ClusterRoleBinding', () => ({
  subjects: list(Subject, 2),
  roleRef: value(RoleRef, 3).required(),
}))

export const ClusterRoleBinding = resource({
  name: 'clusterrolebindings',
  namespaced: false,
  validateName: nameIsPathSegment,
  faces: [
    {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'ClusterRoleBinding',
      schema: ClusterRoleBindingSchema,
    },
  ],
  createOnUpdate: true,
  validate: (binding) => validateBinding(binding, 'cluster'),
  validateUpdate: (binding, old) => validateBindingUpdate(binding, old, 'cluster'),
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
export type ClusterRoleBinding = Whole<typeof ClusterRoleBindingSchema>
export type ClusterRoleBindingInput = InputObjectOf<typeof ClusterRoleBinding>
