import {
  field,
  isValidPathSegmentName,
  parseQuantity,
  type FieldError,
  type FieldPath,
} from '#machinery'
import { oneOfValues, problems, requiredText } from '../validation.ts'
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from './horizontal-pod-autoscaler.ts'

/** Each type of metric has a field of its own. */
const fieldOf: Readonly<Record<MetricSpec['type'], SourceField>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
}
const types = Object.keys(fieldOf)
const sourceFields = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
type SourceField = (typeof sourceFields)[number]

export function validateMetric(metric: MetricSpec, path: FieldPath): readonly FieldError[] {
  const type: string = metric.type
  const typePath = path.child('type')
  const errors: FieldError[] =
    type === ''
      ? [field.required(typePath, 'must specify a metric source type')]
      : [...oneOfValues(typePath, type, types)]
  const [first, ...more] = sourceFields.filter((name) => metric[name] !== undefined)
  if (first !== undefined) errors.push(...validateSource(metric, first, path.child(first)))
  const expected = types.includes(type) ? fieldOf[metric.type] : undefined
  if (expected !== undefined && metric[expected] === undefined) {
    const why = 'must populate information for the given metric source'
    errors.push(field.required(path.child(expected), why))
  }
  if (first === undefined || more.length === 0) return errors
  return [
    ...errors,
    ...[first, ...more]
      .filter((name) => name !== expected)
      .map((name) =>
        field.forbidden(path.child(name), 'must populate the given metric source only'),
      ),
  ]
}

function validateSource(
  { object, external, pods, resource, containerResource }: MetricSpec,
  name: SourceField,
  path: FieldPath,
): readonly FieldError[] {
  const targetPath = path.child('target')
  if (name === 'object' && object !== undefined) {
    return [
      ...validateReference(object.describedObject, path.child('describedObject')),
      ...validateIdentifier(object.metric, path.child('metric')),
      ...validateTarget(object.target, targetPath),
      ...requireAmount(object.target, targetPath),
    ]
  }
  if (name === 'external' && external !== undefined) {
    const { value, averageValue } = external.target
    const both = 'may not set both a target value for metric and a per-pod target'
    return [
      ...validateIdentifier(external.metric, path.child('metric')),
      ...validateTarget(external.target, targetPath),
      ...requireAmount(external.target, targetPath),
      ...(value !== undefined && averageValue !== undefined
        ? [field.forbidden(targetPath.child('value'), both)]
        : []),
    ]
  }
  if (name === 'pods' && pods !== undefined) {
    const { averageValue = '0' } = pods.target
    const why = 'must specify a positive target averageValue'
    return [
      ...validateIdentifier(pods.metric, path.child('metric')),
      ...validateTarget(pods.target, targetPath),
      ...(parseQuantity(averageValue).sign > 0
        ? []
        : [field.required(targetPath.child('averageValue'), why)]),
    ]
  }
  const inContainer = name === 'containerResource' ? containerResource : undefined
  const source = inContainer ?? resource
  if (source === undefined) return []
  return [
    ...(source.name === ''
      ? [field.required(path.child('name'), 'must specify a resource name')]
      : []),
    ...(inContainer?.container === ''
      ? [field.required(path.child('container'), 'must specify a container')]
      : []),
    ...validateTarget(source.target, targetPath),
    ...requireShare(source.target, targetPath),
  ]
}

export function validateReference(
  { kind, name }: CrossVersionObjectReference,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...requiredText(path.child('kind'), kind, isValidPathSegmentName),
    ...requiredText(path.child('name'), name, isValidPathSegmentName),
  ]
}

function validateIdentifier({ name }: MetricIdentifier, path: FieldPath): readonly FieldError[] {
  const at = path.child('name')
  if (name === '') return [field.required(at, 'must specify a metric name')]
  return problems(at, name, isValidPathSegmentName(name))
}

const targetTypes = ['Utilization', 'Value', 'AverageValue']

function validateTarget(target: MetricTarget, path: FieldPath): readonly FieldError[] {
  const type: string = target.type
  const typePath = path.child('type')
  const errors: FieldError[] = []
  if (type === '') errors.push(field.required(typePath, 'must specify a metric target type'))
  if (!targetTypes.includes(type)) {
    const why = 'must be either Utilization, Value, or AverageValue'
    errors.push(field.invalid(typePath, type, why))
  }
  const share = target.averageUtilization
  if (share !== undefined && share < 1) {
    errors.push(field.invalid(path.child('averageUtilization'), share, 'must be greater than 0'))
  }
  for (const name of ['value', 'averageValue'] as const) {
    const amount = target[name]
    if (amount === undefined || parseQuantity(amount).sign > 0) continue
    errors.push(field.invalid(path.child(name), amount, 'must be positive'))
  }
  return errors
}

function requireAmount(
  { value, averageValue }: MetricTarget,
  path: FieldPath,
): readonly FieldError[] {
  if (value !== undefined || averageValue !== undefined) return []
  const why = 'must set either a target value for metric or a per-pod target'
  return [field.required(path.child('averageValue'), why)]
}

function requireShare(
  { averageUtilization, averageValue }: MetricTarget,
  path: FieldPath,
): readonly FieldError[] {
  if (averageUtilization === undefined && averageValue === undefined) {
    const why = 'must set either a target raw value or a target utilization'
    return [field.required(path.child('averageUtilization'), why)]
  }
  if (averageUtilization === undefined || averageValue === undefined) return []
  const why = 'may not set both a target raw value and a target utilization'
  return [field.forbidden(path.child('averageValue'), why)]
}
