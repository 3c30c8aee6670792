import type { FieldError, Whole } from '#machinery'
import { nonNegative, specPath, statusPath } from '../validation.ts'
import type { ReplicaSetSchema } from './replica-set.ts'
import { validateCounts, validateSelectorKept, validateWorkload } from './workload-validation.ts'

type ReplicaSet = Whole<typeof ReplicaSetSchema>

export function validateReplicaSet({ spec }: ReplicaSet): readonly FieldError[] {
  return [
    ...nonNegative(specPath.child('replicas'), spec.replicas),
    ...nonNegative(specPath.child('minReadySeconds'), spec.minReadySeconds),
    ...validateWorkload(spec, 'deployment'),
  ]
}

export function validateReplicaSetUpdate(set: ReplicaSet, old: ReplicaSet): readonly FieldError[] {
  return [...validateReplicaSet(set), ...validateSelectorKept(set.spec, old.spec)]
}

export function validateReplicaSetStatusUpdate({ status }: ReplicaSet): readonly FieldError[] {
  return validateCounts(status, statusPath, 'replicas', [
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
  ])
}
