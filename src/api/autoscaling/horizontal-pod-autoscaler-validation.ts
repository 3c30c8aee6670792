import { field, parseQuantity, type FieldError, type FieldPath, type Whole } from '#machinery'
import { each, nonNegative, oneOfValues, specPath, statusPath } from '../validation.ts'
import type {
  HorizontalPodAutoscalerSchema,
  HPAScalingPolicy,
  HPAScalingRules,
} from './horizontal-pod-autoscaler.ts'
import { validateMetric, validateReference } from './metric-validation.ts'

type HorizontalPodAutoscaler = Whole<typeof HorizontalPodAutoscalerSchema>

const windowSecondsMax = 3600
const periodSecondsMax = 1800

export function validateHorizontalPodAutoscaler({
  spec,
}: HorizontalPodAutoscaler): readonly FieldError[] {
  const { minReplicas, maxReplicas, behavior } = spec
  const maxPath = specPath.child('maxReplicas')
  const behaviorPath = specPath.child('behavior')
  const errors: FieldError[] = []
  if (minReplicas < 1) {
    const why = 'must be greater than or equal to 1'
    errors.push(field.invalid(specPath.child('minReplicas'), minReplicas, why))
  }
  if (maxReplicas < 1) errors.push(field.invalid(maxPath, maxReplicas, 'must be greater than 0'))
  if (maxReplicas < minReplicas) {
    const why = 'must be greater than or equal to `minReplicas`'
    errors.push(field.invalid(maxPath, maxReplicas, why))
  }
  return [
    ...errors,
    ...validateReference(spec.scaleTargetRef, specPath.child('scaleTargetRef')),
    ...each(specPath.child('metrics'), spec.metrics, validateMetric),
    ...validateRules(behavior?.scaleUp, behaviorPath.child('scaleUp')),
    ...validateRules(behavior?.scaleDown, behaviorPath.child('scaleDown')),
  ]
}

export function validateHorizontalPodAutoscalerStatus({
  status,
}: HorizontalPodAutoscaler): readonly FieldError[] {
  return [
    ...nonNegative(statusPath.child('currentReplicas'), status.currentReplicas),
    ...nonNegative(statusPath.child('desiredReplicas'), status.desiredReplicas),
  ]
}

function validateRules(rules: HPAScalingRules | undefined, path: FieldPath): readonly FieldError[] {
  if (rules === undefined) return []
  const { stabilizationWindowSeconds: seconds = 0, selectPolicy, policies = [], tolerance } = rules
  const errors: FieldError[] = []
  const windowPath = path.child('stabilizationWindowSeconds')
  if (seconds < 0) {
    errors.push(field.invalid(windowPath, seconds, 'must be greater than or equal to zero'))
  }
  if (seconds > windowSecondsMax) {
    const why = `must be less than or equal to ${windowSecondsMax}`
    errors.push(field.invalid(windowPath, seconds, why))
  }
  errors.push(...oneOfValues(path.child('selectPolicy'), selectPolicy, ['Disabled', 'Max', 'Min']))
  const policiesPath = path.child('policies')
  if (policies.length === 0) {
    errors.push(field.required(policiesPath, 'must specify at least one Policy'))
  }
  errors.push(...each(policiesPath, policies, validatePolicy))
  if (tolerance !== undefined && parseQuantity(tolerance).sign < 0) {
    const why = 'must be greater than or equal to zero'
    errors.push(field.invalid(path.child('tolerance'), tolerance, why))
  }
  return errors
}

function validatePolicy(
  { type, value, periodSeconds }: HPAScalingPolicy,
  path: FieldPath,
): readonly FieldError[] {
  const errors = [...oneOfValues(path.child('type'), type, ['Percent', 'Pods'])]
  const positive = (name: string, amount: number) => {
    if (amount > 0) return
    errors.push(field.invalid(path.child(name), amount, 'must be greater than zero'))
  }
  positive('value', value)
  positive('periodSeconds', periodSeconds)
  if (periodSeconds > periodSecondsMax) {
    const why = `must be less than or equal to ${periodSecondsMax}`
    errors.push(field.invalid(path.child('periodSeconds'), periodSeconds, why))
  }
  return errors
}
