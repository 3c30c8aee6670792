import {
  type InputObjectOf,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { formatParamRef } from './param-columns.ts'
import { MatchResources, ParamRef } from './match.ts'

export const MutatingAdmissionPolicyBindingSchema = struct(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  () => ({
    spec: value(MutatingAdmissionPolicyBindingSpec, 2),
  }),
)

export const MutatingAdmissionPolicyBindingSpec = struct(
  'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec',
  () => ({
    policyName: string(1),
    paramRef: pointer(ParamRef, 2),
    matchResources: pointer(MatchResources, 3),
  }),
)
export type MutatingAdmissionPolicyBindingSpec = ReadOf<typeof MutatingAdmissionPolicyBindingSpec>

export const MutatingAdmissionPolicyBinding = resource({
  name: 'mutatingadmissionpolicybindings',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: 'MutatingAdmissionPolicyBinding',
      schema: MutatingAdmissionPolicyBindingSchema,
    },
  ],
  generation: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'PolicyName', value: (binding) => binding.spec.policyName ?? '' },
    { name: 'ParamRef', value: (binding) => formatParamRef(binding.spec.paramRef) },
    ageColumn,
  ],
})
export type MutatingAdmissionPolicyBinding = Whole<typeof MutatingAdmissionPolicyBindingSchema>
export type MutatingAdmissionPolicyBindingInput = InputObjectOf<
  typeof MutatingAdmissionPolicyBinding
>
