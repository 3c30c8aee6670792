import assert from 'node:assert/strict'
import { it } from 'node:test'
import { assertJson } from './json-value.ts'

it('lets JSON values pass', () => {
  const shared = { a: 1 }
  const bare: Record<string, unknown> = Object.assign(Object.create(null), { x: null })
  assertJson({ a: [1, 'x', true, null, 2n ** 62n], b: undefined, c: shared, d: shared, bare })
})

for (const [what, value, message] of [
  ['undefined in a list', [undefined], 'body[0] cannot be sent: JSON has no undefined'],
  ['a function', { a: { b: () => 1 } }, 'body.a.b cannot be sent: JSON has no function'],
  ['not a number', { a: Number.NaN }, 'body.a cannot be sent: JSON has no NaN'],
  ['a map', { a: new Map() }, 'body.a cannot be sent: JSON has no instances of Map'],
  ['a symbol', Symbol('x'), 'body cannot be sent: JSON has no symbol'],
  ['a huge integer', 2n ** 64n, 'body cannot be sent: JSON has no integers of more than 64 bits'],
] as const) {
  it(`refuses ${what}`, () => {
    assert.throws(() => assertJson(value), new TypeError(message))
  })
}

it('refuses cycles', () => {
  const value: Record<string, unknown> = {}
  value['self'] = { value }
  assert.throws(() => assertJson(value), /body\.self\.value cannot be sent: JSON has no cycles/)
})
