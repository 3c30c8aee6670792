import {
  nameIsPathSegment,
  type InputObjectOf,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  struct,
} from '#machinery'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import { validateAggregationRule, validateRules } from './rbac-validation.ts'
import { PolicyRule } from './policy-rule.ts'

export const ClusterRoleSchema = struct('io.k8s.api.rbac.v1.ClusterRole', () => ({
  rules: list(PolicyRule, 2).orNull(),
  aggregationRule: pointer(AggregationRule, 3),
}))

export const AggregationRule = struct('io.k8s.api.rbac.v1.AggregationRule', () => ({
  clusterRoleSelectors: list(LabelSelector, 1),
}))
export type AggregationRule = ReadOf<typeof AggregationRule>

export const ClusterRole = resource({
  name: 'clusterroles',
  namespaced: false,
  validateName: nameIsPathSegment,
  faces: [
    {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'ClusterRole',
      schema: ClusterRoleSchema,
    },
  ],
  createOnUpdate: true,
  validate: (role) => [
    ...validateRules(role.rules, 'cluster'),
    ...validateAggregationRule(role.aggregationRule),
  ],
  columns: [nameColumn, createdAtColumn],
})
export type ClusterRole = Whole<typeof ClusterRoleSchema>
export type ClusterRoleInput = InputObjectOf<typeof ClusterRole>
