import { field, type FieldError, type Whole } from '#machinery'
import { isZeroCount, validateAtMostAll, validatePodCount } from '../pod-count.ts'
import { nonNegative, oneOfValues, specPath, statusPath } from '../validation.ts'
import type { DeploymentSchema, DeploymentStrategy } from './deployment.ts'
import { validateCounts, validateSelectorKept, validateWorkload } from './workload-validation.ts'

type Deployment = Whole<typeof DeploymentSchema>

export function validateDeployment({ spec }: Deployment): readonly FieldError[] {
  const deadline = specPath.child('progressDeadlineSeconds')
  const { minReadySeconds = 0, progressDeadlineSeconds } = spec
  return [
    ...nonNegative(specPath.child('replicas'), spec.replicas),
    ...validateWorkload(spec, 'deployment'),
    ...validateStrategy(spec.strategy),
    ...nonNegative(specPath.child('minReadySeconds'), minReadySeconds),
    ...nonNegative(specPath.child('revisionHistoryLimit'), spec.revisionHistoryLimit),
    ...nonNegative(deadline, progressDeadlineSeconds),
    ...(progressDeadlineSeconds <= minReadySeconds
      ? [field.invalid(deadline, progressDeadlineSeconds, 'must be greater than minReadySeconds')]
      : []),
  ]
}

export function validateDeploymentUpdate(
  deployment: Deployment,
  old: Deployment,
): readonly FieldError[] {
  return [...validateDeployment(deployment), ...validateSelectorKept(deployment.spec, old.spec)]
}

export function validateDeploymentStatusUpdate({ status }: Deployment): readonly FieldError[] {
  return validateCounts(status, statusPath, 'replicas', [
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
  ])
}

function validateStrategy({ type, rollingUpdate }: DeploymentStrategy): readonly FieldError[] {
  const path = specPath.child('strategy')
  const at = path.child('rollingUpdate')
  if (type === 'Recreate') {
    if (rollingUpdate === undefined) return []
    const why = "may not be specified when strategy `type` is 'Recreate'"
    return [field.forbidden(at, why)]
  }
  if (type !== 'RollingUpdate') {
    return oneOfValues(path.child('type'), type, ['Recreate', 'RollingUpdate'])
  }
  if (rollingUpdate === undefined) {
    return [field.required(at, 'this should be defaulted and never be nil')]
  }
  const { maxUnavailable, maxSurge } = rollingUpdate
  const errors = [
    ...validatePodCount(maxUnavailable, at.child('maxUnavailable')),
    ...validatePodCount(maxSurge, at.child('maxSurge')),
  ]
  if (isZeroCount(maxUnavailable) && isZeroCount(maxSurge)) {
    const why = 'may not be 0 when `maxSurge` is 0'
    errors.push(field.invalid(at.child('maxUnavailable'), maxUnavailable, why))
  }
  return [...errors, ...validateAtMostAll(maxUnavailable, at.child('maxUnavailable'))]
}
