import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goJson, stringifyJson } from './json-text.ts'
import { quote } from './quote.ts'

test('texts are quoted as Go does', () => {
  const rows: [string, string][] = [
    ['', '""'],
    ['plain text', '"plain text"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\t\r\u0007', '"\\n\\t\\r\\a"'],
    ['\u0001\u007f', '"\\x01\\x7f"'],
    ['é😀', '"é😀"'],
    ['\u00a0\u200b', '"\\u00a0\\u200b"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800', '"\ufffd"'],
  ]
  for (const [text, quoted] of rows) assert.equal(quote(text), quoted)
})

test('JSON is written with exact integers, and for messages as Go does', () => {
  assert.equal(stringifyJson({ a: 9007199254740993n, b: undefined }), '{"a":9007199254740993}')
  assert.equal(stringifyJson([1], 2), '[\n  1\n]')
  assert.equal(goJson({ a: '<&>\u2028' }), '{"a":"\\u003c\\u0026\\u003e\\u2028"}')
  assert.equal(goJson(undefined), 'null')
})
