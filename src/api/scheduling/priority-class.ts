import {
  boolean,
  type InputObjectOf,
  int32,
  type ObjectOf,
  resource,
  string,
  struct,
} from '#machinery'

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
})
export type PriorityClass = ObjectOf<typeof PriorityClass>
export type PriorityClassInput = InputObjectOf<typeof PriorityClass>
