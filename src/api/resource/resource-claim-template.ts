import {
  type InputObjectOf,
  ObjectMeta,
  type Whole,
  type ReadOf,
  resource,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { ResourceClaimSpec } from './resource-claim-spec.ts'

export const ResourceClaimTemplateSchema = struct(
  'io.k8s.api.resource.v1.ResourceClaimTemplate',
  () => ({
    spec: value(ResourceClaimTemplateSpec, 2).required(),
  }),
)

export const ResourceClaimTemplateSpec = struct(
  'io.k8s.api.resource.v1.ResourceClaimTemplateSpec',
  () => ({
    metadata: value(ObjectMeta, 1),
    spec: value(ResourceClaimSpec, 2).required(),
  }),
)
export type ResourceClaimTemplateSpec = ReadOf<typeof ResourceClaimTemplateSpec>

export const ResourceClaimTemplate = resource({
  name: 'resourceclaimtemplates',
  namespaced: true,
  faces: [
    {
      group: 'resource.k8s.io',
      version: 'v1',
      kind: 'ResourceClaimTemplate',
      schema: ResourceClaimTemplateSchema,
    },
  ],
  columns: [nameColumn, ageColumn],
})
export type ResourceClaimTemplate = Whole<typeof ResourceClaimTemplateSchema>
export type ResourceClaimTemplateInput = InputObjectOf<typeof ResourceClaimTemplate>
