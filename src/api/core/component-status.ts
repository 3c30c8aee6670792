import {
  type InputObjectOf,
  list,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
} from '#machinery'
import { nameColumn } from '../columns.ts'

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
  columns: [
    nameColumn,
    { name: 'Status', value: (component) => componentHealth(component).status },
    { name: 'Message', value: (component) => componentHealth(component).message },
    { name: 'Error', value: (component) => componentHealth(component).error },
  ],
})
export type ComponentStatus = Whole<typeof ComponentStatusSchema>
export type ComponentStatusInput = InputObjectOf<typeof ComponentStatus>

function componentHealth(component: ComponentStatus): {
  readonly status: string
  readonly message: string
  readonly error: string
} {
  const condition = component.conditions?.find(({ type }) => type === 'Healthy')
  if (condition === undefined) return { status: 'Unknown', message: '', error: '' }
  const status = condition.status === 'True' ? 'Healthy' : 'Unhealthy'
  return { status, message: condition.message ?? '', error: condition.error ?? '' }
}
