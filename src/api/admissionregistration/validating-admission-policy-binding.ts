import {
  type InputObjectOf,
  list,
  type Whole,
  oneOf,
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

export const ValidatingAdmissionPolicyBindingSchema = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  () => ({
    spec: value(ValidatingAdmissionPolicyBindingSpec, 2).required(),
  }),
)

export const ValidatingAdmissionPolicyBindingSpec = struct(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  () => ({
    policyName: string(1).required(),
    paramRef: pointer(ParamRef, 2),
    matchResources: pointer(MatchResources, 3),
    validationActions: list(oneOf('Audit', 'Deny', 'Warn'), 4)
      .set()
      .required(),
  }),
)
export type ValidatingAdmissionPolicyBindingSpec = ReadOf<
  typeof ValidatingAdmissionPolicyBindingSpec
>

export const ValidatingAdmissionPolicyBinding = resource({
  name: 'validatingadmissionpolicybindings',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      schema: ValidatingAdmissionPolicyBindingSchema,
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
export type ValidatingAdmissionPolicyBinding = Whole<typeof ValidatingAdmissionPolicyBindingSchema>
export type ValidatingAdmissionPolicyBindingInput = InputObjectOf<
  typeof ValidatingAdmissionPolicyBinding
>
