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
import { validateIngressClass, validateIngressClassUpdate } from './ingress-class-validation.ts'

export const IngressClassSchema = struct('io.k8s.api.networking.v1.IngressClass', () => ({
  spec: value(IngressClassSpec, 2),
}))

export const IngressClassSpec = struct('io.k8s.api.networking.v1.IngressClassSpec', () => ({
  controller: string(1),
  parameters: pointer(IngressClassParametersReference, 2),
}))
export type IngressClassSpec = ReadOf<typeof IngressClassSpec>

export const IngressClassParametersReference = struct(
  'io.k8s.api.networking.v1.IngressClassParametersReference',
  () => ({
    apiGroup: string(1).keep(),
    kind: string(2).emit().required(),
    name: string(3).emit().required(),
    scope: string(4).orNull(),
    namespace: string(5).keep(),
  }),
  {
    defaults(reference) {
      reference.scope ??= 'Cluster'
    },
  },
)
export type IngressClassParametersReference = ReadOf<typeof IngressClassParametersReference>

export const IngressClass = resource({
  name: 'ingressclasses',
  namespaced: false,
  faces: [
    { group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass', schema: IngressClassSchema },
  ],
  generation: true,
  validate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  columns: [
    nameColumn,
    { name: 'Controller', value: (ingress) => ingress.spec.controller ?? '' },
    { name: 'Parameters', value: (ingress) => formatParameters(ingress.spec.parameters) },
    ageColumn,
  ],
})
export type IngressClass = Whole<typeof IngressClassSchema>
export type IngressClassInput = InputObjectOf<typeof IngressClass>

function formatParameters(parameters: IngressClassParametersReference | undefined): string {
  if (parameters === undefined) return '<none>'
  const { apiGroup, kind, name } = parameters
  return apiGroup === undefined ? `${kind}/${name}` : `${kind}.${apiGroup}/${name}`
}
