import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateConditions } from './conditions-validation.ts'
import { formatFieldError } from './field-error.ts'
import { FieldPath } from './field-path.ts'

const ready = {
  type: 'Ready',
  status: 'True',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  reason: 'AllGood',
  message: '',
}

test('each type of condition is there once, and complete', () => {
  const path = FieldPath.root('status', 'conditions')
  assert.deepEqual(validateConditions(undefined, path), [])
  assert.deepEqual(validateConditions([ready], path), [])
  const bad = {
    ...ready,
    status: 'Yes',
    observedGeneration: -1,
    lastTransitionTime: undefined,
    reason: '',
    message: 'x'.repeat(32 * 1024 + 1),
  }
  assert.deepEqual(validateConditions([ready, bad], path).map(formatFieldError), [
    'status.conditions[1].type: Duplicate value: "Ready"',
    'status.conditions[1].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
    'status.conditions[1].observedGeneration: Invalid value: -1: must be greater than or equal to zero',
    'status.conditions[1].lastTransitionTime: Required value: must be set',
    'status.conditions[1].reason: Required value: must be set',
    'status.conditions[1].message: Too long: may not be more than 32768 bytes',
  ])
  const [spaced, ...rest] = validateConditions([{ ...ready, reason: 'All good' }], path)
  assert.match(spaced?.detail ?? '', /^a condition reason must start with alphabetic character/)
  assert.deepEqual(rest, [])
})
