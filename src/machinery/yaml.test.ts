import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { equalJson } from './mutable.ts'
import { readYaml, readYamlDocuments, stringifyYaml } from './yaml.ts'

test('values are read as Kubernetes reads them', () => {
  const rows: [string, unknown][] = [
    ['', null],
    ['a: 1', { a: 1 }],
    ['a: yes', { a: true }],
    ['a: off', { a: false }],
    ['a: "yes"', { a: 'yes' }],
    ['a: ~', { a: null }],
    ['a: 0777', { a: 511 }],
    ['a: 0x1F', { a: 31 }],
    ['a: 1.5', { a: 1.5 }],
    ['a: 1:30', { a: '1:30' }],
    ['a: 2001-01-01', { a: '2001-01-01' }],
    ['a: 9223372036854775807', { a: 9223372036854775807n }],
    ['a: 9007199254740991', { a: 9007199254740991 }],
    ['a: 9223372036854775808', { a: 9223372036854775808 }],
    ['1: a', { 1: 'a' }],
    ['true: a', { true: 'a' }],
    ['x: &x {a: 1}\nz:\n  <<: *x\n  b: 2', { x: { a: 1 }, z: { a: 1, b: 2 } }],
    ['y: n', { true: false }],
    ['{"a": [1, "b"]}', { a: [1, 'b'] }],
  ]
  for (const [text, value] of rows) assert.deepEqual(readYaml(text).value, value, text)
})

test('hostile keys are own fields', () => {
  const value = readYaml('__proto__: {a: 9223372036854775807}\nconstructor: 1').value as object
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
})

test('duplicates are reported, the last one counts', () => {
  const { value, duplicates } = readYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n')
  assert.deepEqual(value, { a: 3, b: { c: 2 } })
  assert.deepEqual(duplicates, [
    'yaml: unmarshal errors:\n  line 5: key "a" already set in map\n  line 4: key "c" already set in map',
  ])
})

test('what cannot be JSON is refused', () => {
  const rows: [string, RegExp][] = [
    ['a: b: c', /^error converting YAML to JSON: yaml: line 1: nested mappings/],
    ['a: .inf', /unsupported value: Infinity$/],
    ['a: *b', /^error converting YAML to JSON: yaml: /],
    ['[', /^error converting YAML to JSON: yaml: line 1: /],
    ['a: 1\n---\nb: 2', /several documents$/],
    ['['.repeat(1001) + ']'.repeat(1001), /exceeded max depth$/],
    ['['.repeat(50_000), /^error converting YAML to JSON: yaml: /],
  ]
  for (const [text, message] of rows) {
    assert.throws(() => readYaml(text), { name: 'YamlError', message }, text.slice(0, 20))
  }
})

test('too many bytes are a 413, too many aliases are refused', () => {
  assert.throws(() => readYaml('a: 1', { maxBytes: 3, maxDepth: 9 }), { code: 413 })
  const laughs = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
  for (const [name, from] of ['ba', 'cb', 'dc', 'ed'].map((pair) => pair.split(''))) {
    laughs.push(`${name}: &${name} [${`*${from},`.repeat(10)}]`)
  }
  assert.throws(() => readYaml(laughs.join('\n')), { name: 'YamlError', message: /alias/ })
})

test('a stream has several documents', () => {
  const text = '# nothing\n---\na: 1\n---\n---\nb: 2\n'
  assert.deepEqual(
    readYamlDocuments(text).map(({ value }) => value),
    [{ a: 1 }, { b: 2 }],
  )
})

test('values are printed as kubectl prints them', () => {
  assert.equal(
    stringifyYaml({ b: ['x', { c: 1 }], a: 'yes', n: 9223372036854775807n, t: 'l1\nl2\n', e: {} }),
    'a: "yes"\nb:\n- x\n- c: 1\ne: {}\n"n": 9223372036854775807\nt: |\n  l1\n  l2\n',
  )
})

test('every JSON value survives YAML', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const normal: unknown = JSON.parse(JSON.stringify(value))
      // The same integer may come back as a bigint where a number cannot hold its neighbours.
      assert.ok(equalJson(readYaml(stringifyYaml(normal)).value, normal))
    }),
    { numRuns: 50 },
  )
})
