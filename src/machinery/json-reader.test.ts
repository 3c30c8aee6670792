import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseJsonSlowly } from './json-parser.ts'
import { stringifyJson } from './json-text.ts'
import { readJson, readJsonText } from './json-reader.ts'
import { equalJson } from './mutable.ts'

test('what is no JSON is refused in Go’s words', () => {
  const rows: [string, string][] = [
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['"a', 'unexpected end of JSON input'],
    ['tru', 'unexpected end of JSON input'],
    ['-', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
    ["'", "invalid character '\\'' looking for beginning of value"],
    ['\u0001', "invalid character '\\x01' looking for beginning of value"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['01', "invalid character '1' after top-level value"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['nul1', "invalid character '1' in literal null (expecting 'l')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['1e999', 'json: cannot unmarshal number 1e999 into Go value of type float64'],
    ['['.repeat(1001), 'exceeded max depth'],
    ['['.repeat(1_000_000), 'exceeded max depth'],
  ]
  for (const [text, message] of rows) {
    assert.throws(() => readJsonText(text), { name: 'JsonError', message }, text.slice(0, 20))
  }
})

test('too many bytes are a 413', () => {
  assert.throws(() => readJsonText('[1,2]', { maxBytes: 4, maxDepth: 9 }), {
    code: 413,
    message: 'Request entity too large: limit is 4',
  })
})

test('a depth of a thousand is read', () => {
  const text = '['.repeat(1000) + ']'.repeat(1000)
  assert.equal(JSON.stringify(readJsonText(text).value), text)
})

test('duplicate fields are reported with their paths, the last one counts', () => {
  const { value, duplicates } = readJsonText(
    '{"spec":{"x":1,"x":2},"l":[{"a":1,"a":{"b":3}}],"k":1,"k":1,"k":1}',
  )
  assert.deepEqual(value, { spec: { x: 2 }, l: [{ a: { b: 3 } }], k: 1 })
  assert.deepEqual(duplicates, [
    'duplicate field "spec.x"',
    'duplicate field "l[0].a"',
    'duplicate field "k"',
  ])
  const many = `{${Array.from({ length: 300 }, (_, i) => `"k${i >> 1}":1`).join(',')}}`
  assert.equal(readJsonText(many).duplicates.length, 100)
})

test('integers of 64 bits stay exact', () => {
  const text =
    '[9007199254740991,9007199254740993,-9223372036854775808,9223372036854775807,9223372036854775808,1.0000000000000001]'
  const { value } = readJsonText(text)
  assert.deepEqual(value, [
    9007199254740991,
    9007199254740993n,
    -9223372036854775808n,
    9223372036854775807n,
    9223372036854775808,
    1,
  ])
  assert.match(stringifyJson(value), /^\[9007199254740991,9007199254740993,-9223372036854775808,/)
})

test('hostile field names are own fields on both ways', () => {
  const plain = '{"__proto__":{"a":1},"constructor":2,"toString":3,"10":4,"9":5}'
  const withDuplicate = plain.replace('{', '{"x":0,"x":0,')
  for (const text of [plain, withDuplicate]) {
    const value = readJsonText(text).value as Record<string, unknown>
    assert.ok(Object.hasOwn(value, '__proto__'))
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal(value['constructor'], 2)
  }
  assert.deepEqual(readJsonText('{"__proto__":1,"__proto__":2}').duplicates, [
    'duplicate field "__proto__"',
  ])
})

test('texts come out well formed', () => {
  assert.equal(readJsonText('"\\ud83d\\ude00"').value, '😀')
  assert.equal(readJsonText('"\\ud83d"').value, '\ufffd')
  assert.equal(readJsonText('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"').value, '"\\/\b\f\n\r\té')
  assert.equal(readJson(Uint8Array.of(0x22, 0xff, 0x22)).value, '\ufffd')
})

test('both parsers read every value alike', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const expected = deepWellFormed(JSON.parse(text))
      // Integers beyond 2^53 are read exactly, where the engine's parser rounds.
      const rounded = (value: unknown): unknown => JSON.parse(stringifyJson(value))
      assert.ok(equalJson(rounded(parseJsonSlowly(text, 100).value), expected))
      assert.ok(equalJson(rounded(readJsonText(text).value), expected))
    }),
  )
})

test('a broken text is refused by both parsers or by none', () => {
  const unit = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '1', '-', '.', 'e', 'true')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      const fails = (read: () => unknown) => {
        try {
          read()
          return false
        } catch {
          return true
        }
      }
      assert.equal(
        fails(() => readJsonText(text)),
        fails(() => JSON.parse(text)),
        text,
      )
    }),
  )
})

function deepWellFormed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
    typeof item === 'string' ? item.toWellFormed() : item,
  )
}
