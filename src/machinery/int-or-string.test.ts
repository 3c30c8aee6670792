import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scaledValue } from './int-or-string.ts'

test('numbers stay, percentages are shares of the total', () => {
  assert.equal(scaledValue(3, 10, true), 3)
  assert.equal(scaledValue('25%', 10, true), 3)
  assert.equal(scaledValue('25%', 10, false), 2)
  assert.equal(scaledValue('100%', 7, false), 7)
  assert.equal(scaledValue('0%', 7, true), 0)
  assert.equal(scaledValue('10%', 5, true), 1)
})

test('other texts are refused in upstream’s words', () => {
  assert.throws(() => scaledValue('http', 1, true), {
    message: 'invalid value for IntOrString: invalid type: string is not a percentage',
  })
  assert.throws(() => scaledValue('x%', 1, true), {
    message:
      'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
  })
})
