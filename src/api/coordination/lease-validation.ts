import { field, type FieldError, type Whole } from '#machinery'
import { nonNegative, specPath } from '../validation.ts'
import type { LeaseSchema } from './lease.ts'

export function validateLease({ spec }: Whole<typeof LeaseSchema>): readonly FieldError[] {
  const { leaseDurationSeconds, leaseTransitions } = spec
  const errors = [...nonNegative(specPath.child('leaseTransitions'), leaseTransitions)]
  if (leaseDurationSeconds === undefined || leaseDurationSeconds > 0) return errors
  const path = specPath.child('leaseDurationSeconds')
  return [field.invalid(path, leaseDurationSeconds, 'must be greater than 0'), ...errors]
}
