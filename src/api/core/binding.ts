import { type InputObjectOf, type ObjectOf, resource, struct, value } from '#machinery'
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
export type Binding = ObjectOf<typeof Binding>
export type BindingInput = InputObjectOf<typeof Binding>
