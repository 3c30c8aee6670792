import {
  duplicate,
  invalid,
  notSupported,
  required,
  tooLong,
  type FieldError,
} from './field-error.ts'
import type { FieldPath } from './field-path.ts'
import { isValidConditionReason } from './names-validation.ts'
import { validateLabelName } from './object-meta-validation.ts'

/** `metav1.Condition`: one aspect of an object's state, as seen by who reports it. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly observedGeneration?: number | undefined
  readonly lastTransitionTime?: string | null | undefined
  readonly reason: string
  readonly message: string
}

const reasonMaxBytes = 1024
const messageMaxBytes = 32 * 1024

/** Each type once, and each condition complete. */
export function validateConditions(
  conditions: readonly Condition[] | undefined,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, condition] of (conditions ?? []).entries()) {
    const at = path.index(i)
    if (seen.has(condition.type)) errors.push(duplicate(at.child('type'), condition.type))
    seen.add(condition.type)
    errors.push(...validateCondition(condition, at))
  }
  return errors
}

export function validateCondition(condition: Condition, path: FieldPath): FieldError[] {
  const { type, status, observedGeneration = 0, lastTransitionTime, message } = condition
  const errors = validateLabelName(type, path.child('type'))
  const statuses = ['False', 'True', 'Unknown']
  if (!statuses.includes(status)) {
    errors.push(notSupported(path.child('status'), status, statuses))
  }
  if (observedGeneration < 0) {
    const why = 'must be greater than or equal to zero'
    errors.push(invalid(path.child('observedGeneration'), observedGeneration, why))
  }
  if ((lastTransitionTime ?? '') === '') {
    errors.push(required(path.child('lastTransitionTime'), 'must be set'))
  }
  errors.push(...validateReason(condition.reason, path.child('reason')))
  if (Buffer.byteLength(message) > messageMaxBytes) {
    errors.push(tooLong(path.child('message'), messageMaxBytes))
  }
  return errors
}

function validateReason(reason: string, path: FieldPath): FieldError[] {
  if (reason === '') return [required(path, 'must be set')]
  const errors = isValidConditionReason(reason).map((problem) => invalid(path, reason, problem))
  if (Buffer.byteLength(reason) > reasonMaxBytes) errors.push(tooLong(path, reasonMaxBytes))
  return errors
}
