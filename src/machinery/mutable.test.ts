import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { deepFreeze, equalJson, getOwn, mutable, setOwn } from './mutable.ts'

const json = fc.jsonValue({ maxDepth: 4 })

test('a copy is equal, separate and not frozen', () => {
  fc.assert(
    fc.property(json, (value) => {
      const frozen = deepFreeze(value)
      const copy: unknown = mutable(frozen)
      assert.deepEqual(copy, frozen)
      if (typeof copy === 'object' && copy !== null) {
        assert.notEqual(copy, frozen)
        assert.ok(!Object.isFrozen(copy) || Object.keys(copy).length === 0)
      }
    }),
  )
})

test('hostile field names stay fields', () => {
  const value: unknown = JSON.parse('{"__proto__":{"x":1},"constructor":1,"toString":2,"10":3}')
  const copy: unknown = mutable(value)
  assert.equal(JSON.stringify(copy), JSON.stringify(value))
  assert.equal(Object.getPrototypeOf(copy), Object.prototype)
  assert.ok(equalJson(copy, value))
  assert.ok(!equalJson({}, value))
  assert.ok(!equalJson({ a: {} }, { a: JSON.parse('{"__proto__":{}}') }))
})

test('setOwn and getOwn see own fields only', () => {
  const record: Record<string, unknown> = {}
  setOwn(record, '__proto__', 1)
  assert.deepEqual(Object.keys(record), ['__proto__'])
  assert.equal(getOwn(record, '__proto__'), 1)
  assert.equal(getOwn(record, 'constructor'), undefined)
})

test('equality is that of JSON', () => {
  const rows: [unknown, unknown, boolean][] = [
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: undefined }, {}, true],
    [{ a: undefined, b: 1 }, { b: 1 }, true],
    [{ a: null }, {}, false],
    [{ a: 1 }, { b: 1 }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    [1n, 1, true],
    [1, 1n, true],
    [1n, 1.5, false],
    [1, '1', false],
    ['', undefined, false],
  ]
  for (const [a, b, equal] of rows) {
    assert.equal(equalJson(a, b), equal)
    assert.equal(equalJson(b, a), equal)
  }
})

test('every value equals its copy and differs from a changed one', () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.ok(equalJson(value, mutable(value)))
      assert.ok(!equalJson(value, [value]))
      assert.ok(!equalJson({ value, extra: 1 }, { value }))
    }),
  )
})

test('deepFreeze reaches every level', () => {
  const value = deepFreeze({ a: [{ b: {} }] })
  assert.ok(Object.isFrozen(value.a[0]?.b))
})
