import { type InputObjectOf, type ObjectOf, resource, struct, value } from '#machinery'
import { PodTemplateSpec } from './pod-template-spec.ts'

export const PodTemplateSchema = struct('io.k8s.api.core.v1.PodTemplate', () => ({
  template: value(PodTemplateSpec, 2),
}))

export const PodTemplate = resource({
  name: 'podtemplates',
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'PodTemplate', schema: PodTemplateSchema }],
  generation: true,
})
export type PodTemplate = ObjectOf<typeof PodTemplate>
export type PodTemplateInput = InputObjectOf<typeof PodTemplate>
