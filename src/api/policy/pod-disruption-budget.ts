import {
  type InputObjectOf,
  int32,
  int64,
  intOrString,
  item,
  list,
  map,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { Condition } from '../meta/condition.ts'
import { LabelSelector } from '../meta/label-selector.ts'
import {
  validatePodDisruptionBudget,
  validatePodDisruptionBudgetStatus,
} from './pod-disruption-budget-validation.ts'

export const PodDisruptionBudgetSchema = struct('io.k8s.api.policy.v1.PodDisruptionBudget', () => ({
  spec: value(PodDisruptionBudgetSpec, 2),
  status: value(PodDisruptionBudgetStatus, 3),
}))

export const PodDisruptionBudgetSpec = struct(
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec',
  () => ({
    minAvailable: intOrString(1),
    selector: pointer(LabelSelector, 2).patch('replace'),
    maxUnavailable: intOrString(3),
    unhealthyPodEvictionPolicy: string(4).values('AlwaysAllow', 'IfHealthyBudget').keep(),
  }),
)
export type PodDisruptionBudgetSpec = ReadOf<typeof PodDisruptionBudgetSpec>

export const PodDisruptionBudgetStatus = struct(
  'io.k8s.api.policy.v1.PodDisruptionBudgetStatus',
  () => ({
    observedGeneration: int64(1),
    disruptedPods: map(item.time, 2),
    disruptionsAllowed: int32(3).emit(),
    currentHealthy: int32(4).emit(),
    desiredHealthy: int32(5).emit(),
    expectedPods: int32(6).emit(),
    conditions: list(Condition, 7).mapBy('type').patch('merge', 'type'),
  }),
)
export type PodDisruptionBudgetStatus = ReadOf<typeof PodDisruptionBudgetStatus>

export const PodDisruptionBudget = resource({
  name: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  namespaced: true,
  faces: [
    {
      group: 'policy',
      version: 'v1',
      kind: 'PodDisruptionBudget',
      schema: PodDisruptionBudgetSchema,
    },
  ],
  subresources: {
    status: {
      verbs: ['get', 'patch', 'update'],
      validateUpdate: validatePodDisruptionBudgetStatus,
    },
  },
  unconditionalUpdate: false,
  validate: validatePodDisruptionBudget,
  columns: [
    nameColumn,
    { name: 'Min Available', value: (budget) => String(budget.spec.minAvailable ?? 'N/A') },
    { name: 'Max Unavailable', value: (budget) => String(budget.spec.maxUnavailable ?? 'N/A') },
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      value: (budget) => budget.status.disruptionsAllowed,
    },
    ageColumn,
  ],
})
export type PodDisruptionBudget = Whole<typeof PodDisruptionBudgetSchema>
export type PodDisruptionBudgetInput = InputObjectOf<typeof PodDisruptionBudget>
