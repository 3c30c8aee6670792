import {
  type InputObjectOf,
  ObjectMeta,
  type ObjectOf,
  type ReadOf,
  resource,
  struct,
  value,
} from '#machinery'
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
})
export type ResourceClaimTemplate = ObjectOf<typeof ResourceClaimTemplate>
export type ResourceClaimTemplateInput = InputObjectOf<typeof ResourceClaimTemplate>
