import {
  type InputObjectOf,
  int64,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { formatParamKind } from './param-columns.ts'
import { Condition } from '../meta/condition.ts'
import { MatchCondition, MatchResources, ParamKind, Variable } from './match.ts'

export const ValidatingAdmissionPolicySchema = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  () => ({
    spec: value(ValidatingAdmissionPolicySpec, 2),
    status: value(ValidatingAdmissionPolicyStatus, 3),
  }),
)

export const ValidatingAdmissionPolicySpec = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  () => ({
    paramKind: pointer(ParamKind, 1),
    matchConstraints: pointer(MatchResources, 2),
    validations: list(Validation, 3),
    failurePolicy: string(4).values('Fail', 'Ignore').keep().default('Fail'),
    auditAnnotations: list(AuditAnnotation, 5),
    matchConditions: list(MatchCondition, 6).mapBy('name').patch('merge', 'name'),
    variables: list(Variable, 7).mapBy('name').patch('merge', 'name'),
  }),
)
export type ValidatingAdmissionPolicySpec = ReadOf<typeof ValidatingAdmissionPolicySpec>

export const Validation = struct('io.k8s.api.admissionregistration.v1.Validation', () => ({
  expression: string(1).emit().required(),
  message: string(2),
  reason: string(3).keep(),
  messageExpression: string(4),
}))
export type Validation = ReadOf<typeof Validation>

export const AuditAnnotation = struct(
  'io.k8s.api.admissionregistration.v1.AuditAnnotation',
  () => ({
    key: string(1).emit().required(),
    valueExpression: string(2).emit().required(),
  }),
)
export type AuditAnnotation = ReadOf<typeof AuditAnnotation>

export const ValidatingAdmissionPolicyStatus = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  () => ({
    observedGeneration: int64(1),
    typeChecking: pointer(TypeChecking, 2),
    conditions: list(Condition, 3).mapBy('type'),
  }),
)
export type ValidatingAdmissionPolicyStatus = ReadOf<typeof ValidatingAdmissionPolicyStatus>

export const TypeChecking = struct('io.k8s.api.admissionregistration.v1.TypeChecking', () => ({
  expressionWarnings: list(ExpressionWarning, 1),
}))
export type TypeChecking = ReadOf<typeof TypeChecking>

export const ExpressionWarning = struct(
  'io.k8s.api.admissionregistration.v1.ExpressionWarning',
  () => ({
    fieldRef: string(2).emit().required(),
    warning: string(3).emit().required(),
  }),
)
export type ExpressionWarning = ReadOf<typeof ExpressionWarning>

export const ValidatingAdmissionPolicy = resource({
  name: 'validatingadmissionpolicies',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: 'ValidatingAdmissionPolicy',
      schema: ValidatingAdmissionPolicySchema,
    },
  ],
  subresources: {
    status: true,
  },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Validations',
      type: 'integer',
      value: (policy) => policy.spec.validations?.length ?? 0,
    },
    { name: 'ParamKind', value: (policy) => formatParamKind(policy.spec.paramKind) },
    ageColumn,
  ],
})
export type ValidatingAdmissionPolicy = Whole<typeof ValidatingAdmissionPolicySchema>
export type ValidatingAdmissionPolicyInput = InputObjectOf<typeof ValidatingAdmissionPolicy>
