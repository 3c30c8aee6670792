import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { escapeFieldValue, FieldSelector, parseFieldSelector } from './fields.ts'

test('selectors are read and printed', () => {
  const rows: [string, string][] = [
    ['', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a=b'],
    ['a!=b', 'a!=b'],
    ['b=1,a=2', 'a=2,b=1'],
    ['a=,b=', 'a=,b='],
    [',a=b,', 'a=b'],
    ['a=b\\,c', 'a=b\\,c'],
    ['a=b\\=\\\\', 'a=b\\=\\\\'],
  ]
  for (const [text, printed] of rows) {
    assert.equal(parseFieldSelector(text).toString(), printed, text)
  }
  assert.equal(parseFieldSelector('a=b\\,c').requirements[0]?.value, 'b,c')
})

test('what is no selector is refused in upstream’s words', () => {
  const rows: [string, string][] = [
    ['a', "invalid selector: 'a'; can't understand 'a'"],
    ['x=y,a', "invalid selector: 'x=y,a'; can't understand 'a'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=\\n', 'invalid field selector: invalid escape sequence: \\n'],
    ['a=\\', 'invalid field selector: invalid escape sequence: \\'],
  ]
  for (const [text, message] of rows) {
    assert.throws(() => parseFieldSelector(text), { name: 'SelectorError', message }, text)
  }
})

test('an absent field reads as the empty text', () => {
  const fields: Record<string, string> = { 'metadata.name': 'a', 'spec.nodeName': '' }
  const matches = (text: string) => parseFieldSelector(text).matches((field) => fields[field])
  assert.equal(matches(''), true)
  assert.equal(matches('metadata.name=a'), true)
  assert.equal(matches('metadata.name!=a'), false)
  assert.equal(matches('spec.nodeName='), true)
  assert.equal(matches('none='), true)
  assert.equal(matches('none!='), false)
})

test('an index can ask for exact matches', () => {
  const selector = parseFieldSelector('a=1,b!=2')
  assert.equal(selector.requiresExactMatch('a'), '1')
  assert.equal(selector.requiresExactMatch('b'), undefined)
  assert.equal(FieldSelector.of([]).empty, true)
})

test('every value survives escaping', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', '\\', ',', '=', '!', '😀') }),
      (value) => {
        const selector = parseFieldSelector(`f=${escapeFieldValue(value)}`)
        assert.deepEqual(selector.requirements, [{ field: 'f', operator: '=', value }])
      },
    ),
  )
})
