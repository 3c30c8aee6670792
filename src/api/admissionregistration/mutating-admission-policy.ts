import {
  type InputObjectOf,
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
import { MatchCondition, MatchResources, ParamKind, Variable } from './match.ts'

export const MutatingAdmissionPolicySchema = struct(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy',
  () => ({
    spec: value(MutatingAdmissionPolicySpec, 2),
  }),
)

export const MutatingAdmissionPolicySpec = struct(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec',
  () => ({
    paramKind: pointer(ParamKind, 1),
    matchConstraints: pointer(MatchResources, 2),
    variables: list(Variable, 3),
    mutations: list(Mutation, 4),
    failurePolicy: string(5).values('Fail', 'Ignore').keep().default('Fail'),
    matchConditions: list(MatchCondition, 6).mapBy('name').patch('merge', 'name'),
    reinvocationPolicy: string(7).values('IfNeeded', 'Never'),
  }),
)
export type MutatingAdmissionPolicySpec = ReadOf<typeof MutatingAdmissionPolicySpec>

export const Mutation = struct('io.k8s.api.admissionregistration.v1.Mutation', () => ({
  patchType: string(2).values('ApplyConfiguration', 'JSONPatch').emit().required(),
  applyConfiguration: pointer(ApplyConfiguration, 3),
  jsonPatch: pointer(JSONPatch, 4),
}))
export type Mutation = ReadOf<typeof Mutation>

export const ApplyConfiguration = struct(
  'io.k8s.api.admissionregistration.v1.ApplyConfiguration',
  () => ({
    expression: string(1),
  }),
)
export type ApplyConfiguration = ReadOf<typeof ApplyConfiguration>

export const JSONPatch = struct('io.k8s.api.admissionregistration.v1.JSONPatch', () => ({
  expression: string(1),
}))
export type JSONPatch = ReadOf<typeof JSONPatch>

export const MutatingAdmissionPolicy = resource({
  name: 'mutatingadmissionpolicies',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: 'MutatingAdmissionPolicy',
      schema: MutatingAdmissionPolicySchema,
    },
  ],
  generation: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'Mutations', type: 'integer', value: (policy) => policy.spec.mutations?.length ?? 0 },
    { name: 'ParamKind', value: (policy) => formatParamKind(policy.spec.paramKind) },
    ageColumn,
  ],
})
export type MutatingAdmissionPolicy = Whole<typeof MutatingAdmissionPolicySchema>
export type MutatingAdmissionPolicyInput = InputObjectOf<typeof MutatingAdmissionPolicy>
