import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { Lease } from './lease.ts'
import { validateLease } from './lease-validation.ts'

test('a Lease lasts', () => {
  const spec = { leaseDurationSeconds: 0, leaseTransitions: -1 }
  const errors = validateLease(decoded(Lease, { metadata: {}, spec }))
  assert.deepEqual(errors.map(formatFieldError), [
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ])
  assert.deepEqual(validateLease(decoded(Lease, { metadata: {} })), [])
})
