import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as field from './field-error.ts'
import { FieldPath } from './field-path.ts'

test('a path prints as upstream prints it', () => {
  const spec = FieldPath.root('spec')
  const rows: [FieldPath, string][] = [
    [FieldPath.empty, '<nil>'],
    [FieldPath.empty.child('kind'), 'kind'],
    [FieldPath.empty.index(2), '[2]'],
    [spec, 'spec'],
    [spec.child('a', 'b'), 'spec.a.b'],
    [spec.child('ports').index(3).child('x'), 'spec.ports[3].x'],
    [FieldPath.root('metadata', 'labels').key('app.io/x'), 'metadata.labels[app.io/x]'],
    [FieldPath.empty.child('values').index(0).key('k'), 'values[0][k]'],
  ]
  for (const [path, text] of rows) assert.equal(path.toString(), text)
})

test('a path is not changed by descending', () => {
  const spec = FieldPath.root('spec')
  spec.child('x').index(1)
  assert.equal(spec.toString(), 'spec')
})

test('messages follow upstream', () => {
  const p = FieldPath.root('spec', 'x')
  const rows: [field.FieldError, string][] = [
    [field.required(p), 'spec.x: Required value'],
    [field.required(p, 'must be set'), 'spec.x: Required value: must be set'],
    [field.invalid(p, 'y', 'detail'), 'spec.x: Invalid value: "y": detail'],
    [field.invalid(p, 'a"b\n', ''), 'spec.x: Invalid value: "a\\"b\\n"'],
    [
      field.invalid(p, -1, 'must be greater than or equal to 0'),
      'spec.x: Invalid value: -1: must be greater than or equal to 0',
    ],
    [field.invalid(p, 9007199254740993n, 'd'), 'spec.x: Invalid value: 9007199254740993: d'],
    [field.invalid(p, null, 'd'), 'spec.x: Invalid value: null: d'],
    [field.invalid(p, undefined, 'd'), 'spec.x: Invalid value: null: d'],
    [field.invalid(p, { a: ['<b>'] }, 'd'), 'spec.x: Invalid value: {"a":["\\u003cb\\u003e"]}: d'],
    [
      field.notSupported(p, 'x', ['a', 'b']),
      'spec.x: Unsupported value: "x": supported values: "a", "b"',
    ],
    [field.notSupported(p, 'x', []), 'spec.x: Unsupported value: "x"'],
    [field.duplicate(p, 'x'), 'spec.x: Duplicate value: "x"'],
    [field.notFound(p, 'x'), 'spec.x: Not found: "x"'],
    [field.forbidden(p, 'no'), 'spec.x: Forbidden: no'],
    [field.tooLong(p, 63), 'spec.x: Too long: may not be more than 63 bytes'],
    [field.tooMany(p, 5, 3), 'spec.x: Too many: 5: must have at most 3 items'],
    [field.tooMany(p, 5, 1), 'spec.x: Too many: 5: must have at most 1 item'],
    [field.tooMany(p, -1, 3), 'spec.x: Too many: must have at most 3 items'],
    [field.typeInvalid(p, 'x', 'd'), 'spec.x: Invalid value: "x": d'],
    [field.internal(p, new Error('boom')), 'spec.x: Internal error: boom'],
  ]
  for (const [error, text] of rows) assert.equal(field.formatFieldError(error), text)
})

test('several errors are joined in brackets, each message once', () => {
  const p = FieldPath.root('a')
  const one = field.required(p)
  assert.equal(field.formatFieldErrors([one, one]), 'a: Required value')
  assert.equal(
    field.formatFieldErrors([one, field.duplicate(p, 'b')]),
    '[a: Required value, a: Duplicate value: "b"]',
  )
})
