import { field, selectorFromLabels, validateLabels, type FieldError, type Whole } from '#machinery'
import { validateCounts, validateLongRunning } from '../apps/workload-validation.ts'
import { nonNegative, specPath, statusPath } from '../validation.ts'
import type { ReplicationControllerSchema } from './replication-controller.ts'

type ReplicationController = Whole<typeof ReplicationControllerSchema>

export function validateReplicationController({
  spec,
}: ReplicationController): readonly FieldError[] {
  const { selector = {}, template } = spec
  const path = specPath.child('selector')
  const errors = [
    ...nonNegative(specPath.child('minReadySeconds'), spec.minReadySeconds),
    ...validateLabels(selector, path),
  ]
  if (Object.keys(selector).length === 0) errors.push(field.required(path))
  errors.push(...nonNegative(specPath.child('replicas'), spec.replicas))
  if (template === undefined) return [...errors, field.required(specPath.child('template'))]
  const { labels = {} } = template.metadata
  const malformed = validateLabels(selector, path).length > 0
  if (
    !malformed &&
    Object.keys(selector).length > 0 &&
    !selectorFromLabels(selector).matches(labels)
  ) {
    const at = specPath.child('template', 'metadata', 'labels')
    errors.push(field.invalid(at, labels, '`selector` does not match template `labels`'))
  }
  return [...errors, ...validateLongRunning(template)]
}

export function validateReplicationControllerStatus({
  status,
}: ReplicationController): readonly FieldError[] {
  return validateCounts(status, statusPath, 'replicas', [
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
  ])
}
