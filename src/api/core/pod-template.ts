import { FieldPath, type InputObjectOf, type Whole, resource, struct, value } from '#machinery'
import { containerImages, containerNames, formatLabels, nameColumn } from '../columns.ts'
import { PodTemplateSpec } from './pod-template-spec.ts'
import { validatePodTemplateSpec } from './pod-spec-validation.ts'

export const PodTemplateSchema = struct('io.k8s.api.core.v1.PodTemplate', () => ({
  template: value(PodTemplateSpec, 2),
}))

export const PodTemplate = resource({
  name: 'podtemplates',
  namespaced: true,
  returnsDeleted: true,
  faces: [{ group: '', version: 'v1', kind: 'PodTemplate', schema: PodTemplateSchema }],
  generation: true,
  columns: [
    nameColumn,
    { name: 'Containers', value: (object) => containerNames(object.template.spec.containers) },
    { name: 'Images', value: (object) => containerImages(object.template.spec.containers) },
    { name: 'Pod Labels', value: (object) => formatLabels(object.template.metadata.labels) },
  ],
  validate: ({ template }) => validatePodTemplateSpec(template, FieldPath.root('template')),
})
export type PodTemplate = Whole<typeof PodTemplateSchema>
export type PodTemplateInput = InputObjectOf<typeof PodTemplate>
