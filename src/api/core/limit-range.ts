import {
  type InputObjectOf,
  item,
  list,
  map,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { validateLimitRange } from './limit-range-validation.ts'

export const LimitRangeSchema = struct('io.k8s.api.core.v1.LimitRange', () => ({
  spec: value(LimitRangeSpec, 2),
}))

export const LimitRangeSpec = struct('io.k8s.api.core.v1.LimitRangeSpec', () => ({
  limits: list(LimitRangeItem, 1).orNull().required(),
}))
export type LimitRangeSpec = ReadOf<typeof LimitRangeSpec>

export const LimitRangeItem = struct(
  'io.k8s.api.core.v1.LimitRangeItem',
  () => ({
    type: string(1).emit().required(),
    max: map(item.quantity, 2),
    min: map(item.quantity, 3),
    default: map(item.quantity, 4),
    defaultRequest: map(item.quantity, 5),
    maxLimitRequestRatio: map(item.quantity, 6),
  }),
  {
    defaults(item) {
      if (item.type !== 'Container') return
      item.default = { ...item.max, ...item.default }
      item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest }
    },
  },
)
export type LimitRangeItem = ReadOf<typeof LimitRangeItem>

export const LimitRange = resource({
  name: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'LimitRange', schema: LimitRangeSchema }],
  createOnUpdate: true,
  validate: validateLimitRange,
  columns: [nameColumn, createdAtColumn],
})
export type LimitRange = Whole<typeof LimitRangeSchema>
export type LimitRangeInput = InputObjectOf<typeof LimitRange>
