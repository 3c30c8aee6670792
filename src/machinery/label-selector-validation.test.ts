import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFieldError } from './field-error.ts'
import { FieldPath } from './field-path.ts'
import { validateLabelSelector } from './label-selector-validation.ts'

const path = FieldPath.root('spec', 'selector')

test('a selector inside an object is checked field by field', () => {
  assert.deepEqual(validateLabelSelector(undefined, path), [])
  assert.deepEqual(validateLabelSelector({}, path), [])
  const errors = validateLabelSelector(
    {
      matchLabels: { a: 'x' },
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'a', operator: 'Exists', values: ['x'] },
        { key: 'a', operator: 'Gt', values: ['1'] },
        { key: 'a', operator: 'NotIn', values: ['x'] },
      ],
    },
    path,
  )
  assert.deepEqual(errors.map(formatFieldError), [
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    'spec.selector.matchExpressions[2].operator: Invalid value: "Gt": not a valid selector operator',
  ])
})

test('values are checked unless the object is older than the check', () => {
  const selector = { matchExpressions: [{ key: 'a', operator: 'In', values: ['-'] }] }
  const [error] = validateLabelSelector(selector, path)
  assert.equal(error?.field, 'spec.selector.matchExpressions[0].values[0]')
  assert.deepEqual(validateLabelSelector(selector, path, { allowInvalidValues: true }), [])
})
