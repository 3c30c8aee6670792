import {
  type InputObjectOf,
  item,
  list,
  map,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { Toleration } from '../core/affinity.ts'
import { validateRuntimeClass, validateRuntimeClassUpdate } from './runtime-class-validation.ts'

export const RuntimeClassSchema = struct('io.k8s.api.node.v1.RuntimeClass', () => ({
  handler: string(2).emit().required(),
  overhead: pointer(RuntimeClassOverhead, 3),
  scheduling: pointer(RuntimeClassScheduling, 4),
}))

export const RuntimeClassOverhead = struct('io.k8s.api.node.v1.Overhead', () => ({
  podFixed: map(item.quantity, 1),
}))
export type RuntimeClassOverhead = ReadOf<typeof RuntimeClassOverhead>

export const RuntimeClassScheduling = struct('io.k8s.api.node.v1.Scheduling', () => ({
  nodeSelector: map(item.string, 1).atomic(),
  tolerations: list(Toleration, 2),
}))
export type RuntimeClassScheduling = ReadOf<typeof RuntimeClassScheduling>

export const RuntimeClass = resource({
  name: 'runtimeclasses',
  namespaced: false,
  faces: [
    { group: 'node.k8s.io', version: 'v1', kind: 'RuntimeClass', schema: RuntimeClassSchema },
  ],
  unconditionalUpdate: false,
  validate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  columns: [nameColumn, { name: 'Handler', value: (runtime) => runtime.handler }, ageColumn],
})
export type RuntimeClass = Whole<typeof RuntimeClassSchema>
export type RuntimeClassInput = InputObjectOf<typeof RuntimeClass>
