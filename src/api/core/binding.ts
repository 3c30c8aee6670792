import { type InputObjectOf, type Whole, resource, struct, value } from '#machinery'
import { ObjectReference } from './object-reference.ts'

export const BindingSchema = struct('io.k8s.api.core.v1.Binding', () => ({
  target: value(ObjectReference, 2).required(),
}))

export const Binding = resource({
  name: 'bindings',
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'Binding', schema: BindingSchema }],
  verbs: ['create'],
})
export type Binding = Whole<typeof BindingSchema>
export type BindingInput = InputObjectOf<typeof Binding>
