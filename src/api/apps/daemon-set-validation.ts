import { field, type FieldError, type Whole } from '#machinery'
import { isZeroCount, validateAtMostAll, validatePodCount } from '../pod-count.ts'
import { nonNegative, oneOfValues, specPath } from '../validation.ts'
import type { DaemonSetSchema } from './daemon-set.ts'
import { validateSelectorKept, validateWorkload } from './workload-validation.ts'

type DaemonSet = Whole<typeof DaemonSetSchema>

export function validateDaemonSet({ spec }: DaemonSet): readonly FieldError[] {
  const { type, rollingUpdate } = spec.updateStrategy
  const path = specPath.child('updateStrategy')
  const at = path.child('rollingUpdate')
  const errors = [
    ...validateWorkload(spec, 'daemonset'),
    ...nonNegative(specPath.child('minReadySeconds'), spec.minReadySeconds),
    ...oneOfValues(path.child('type'), type, ['RollingUpdate', 'OnDelete'], true),
    ...nonNegative(specPath.child('revisionHistoryLimit'), spec.revisionHistoryLimit),
  ]
  if (type !== 'RollingUpdate') return errors
  if (rollingUpdate === undefined) return [...errors, field.required(at)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  errors.push(
    ...validatePodCount(maxUnavailable, at.child('maxUnavailable')),
    ...validatePodCount(maxSurge, at.child('maxSurge')),
    ...validateAtMostAll(maxUnavailable, at.child('maxUnavailable')),
    ...validateAtMostAll(maxSurge, at.child('maxSurge')),
  )
  if (isZeroCount(maxUnavailable) && isZeroCount(maxSurge)) {
    const why = 'cannot be 0 when maxSurge is 0'
    errors.push(field.invalid(at.child('maxUnavailable'), maxUnavailable, why))
  } else if (!isZeroCount(maxUnavailable) && !isZeroCount(maxSurge)) {
    const why = 'may not be set when maxUnavailable is non-zero'
    errors.push(field.invalid(at.child('maxSurge'), maxSurge, why))
  }
  return errors
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): readonly FieldError[] {
  return [...validateDaemonSet(set), ...validateSelectorKept(set.spec, old.spec)]
}
