import {
  field,
  validateConditions,
  validateLabelSelector,
  type FieldError,
  type Whole,
} from '#machinery'
import { validateAtMostAll, validatePodCount } from '../pod-count.ts'
import { nonNegative, oneOfValues, specPath, statusPath } from '../validation.ts'
import type { PodDisruptionBudgetSchema } from './pod-disruption-budget.ts'

type PodDisruptionBudget = Whole<typeof PodDisruptionBudgetSchema>

const minPath = specPath.child('minAvailable')
const maxPath = specPath.child('maxUnavailable')

export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): readonly FieldError[] {
  const { minAvailable, maxUnavailable } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(field.invalid(specPath, spec, 'minAvailable and maxUnavailable cannot be both set'))
  }
  return [
    ...errors,
    ...validatePodCount(minAvailable, minPath),
    ...validateAtMostAll(minAvailable, minPath),
    ...validatePodCount(maxUnavailable, maxPath),
    ...validateAtMostAll(maxUnavailable, maxPath),
    ...validateLabelSelector(spec.selector, specPath.child('selector')),
    ...oneOfValues(specPath.child('unhealthyPodEvictionPolicy'), spec.unhealthyPodEvictionPolicy, [
      'AlwaysAllow',
      'IfHealthyBudget',
    ]),
  ]
}

export function validatePodDisruptionBudgetStatus({
  status,
}: PodDisruptionBudget): readonly FieldError[] {
  const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const
  return [
    ...validateConditions(status.conditions, statusPath.child('conditions')),
    ...counts.flatMap((name) => nonNegative(statusPath.child(name), status[name])),
  ]
}
