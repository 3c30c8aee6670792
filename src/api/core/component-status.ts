import {
  type InputObjectOf,
  list,
  type ObjectOf,
  type ReadOf,
  resource,
  string,
  struct,
} from '#machinery'

export const ComponentStatusSchema = struct('io.k8s.api.core.v1.ComponentStatus', () => ({
  conditions: list(ComponentCondition, 2).mapBy('type').patch('merge', 'type'),
}))

export const ComponentCondition = struct('io.k8s.api.core.v1.ComponentCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).values('False', 'True', 'Unknown').emit().required(),
  message: string(3),
  error: string(4),
}))
export type ComponentCondition = ReadOf<typeof ComponentCondition>

export const ComponentStatus = resource({
  name: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
  faces: [{ group: '', version: 'v1', kind: 'ComponentStatus', schema: ComponentStatusSchema }],
  verbs: ['get', 'list'],
})
export type ComponentStatus = ObjectOf<typeof ComponentStatus>
export type ComponentStatusInput = InputObjectOf<typeof ComponentStatus>
