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
import { validatePriorityClass, validatePriorityClassUpdate } from './priority-class-validation.ts'

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
  prepareForCreate(draft) {
    // Set once and never counted: what would count cannot change.
    draft.metadata.generation = 1
  },
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
  validate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
})
export type PriorityClass = Whole<typeof PriorityClassSchema>
export type PriorityClassInput = InputObjectOf<typeof PriorityClass>
