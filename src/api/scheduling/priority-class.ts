import {
  boolean,
  type InputObjectOf,
  int32,
  type Whole,
  resource,
  string,
  struct,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'

export const PriorityClassSchema = struct('io.k8s.api.scheduling.v1.PriorityClass', () => ({
  value: int32(2).emit(),
  globalDefault: boolean(3),
  description: string(4),
  preemptionPolicy: string(5).keep().default('PreemptLowerPriority'),
}))

export const PriorityClass = resource({
  name: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  faces: [
    {
      group: 'scheduling.k8s.io',
      version: 'v1',
      kind: 'PriorityClass',
      schema: PriorityClassSchema,
    },
  ],
  generation: true,
  columns: [
    nameColumn,
    { name: 'Value', type: 'integer', value: (priority) => priority.value },
    {
      name: 'Global-Default',
      type: 'boolean',
      value: (priority) => priority.globalDefault ?? false,
    },
    ageColumn,
    { name: 'PreemptionPolicy', value: (priority) => priority.preemptionPolicy },
  ],
})
export type PriorityClass = Whole<typeof PriorityClassSchema>
export type PriorityClassInput = InputObjectOf<typeof PriorityClass>
