import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { applyJsonPatch, parseJsonPatch } from './json-patch.ts'
import { createMergePatch, mergePatch } from './merge-patch.ts'
import { deepFreeze, equalJson } from './mutable.ts'

function apply(document: unknown, patch: unknown): unknown {
  return applyJsonPatch(deepFreeze(document), parseJsonPatch(deepFreeze(patch)))
}

test('operations of RFC 6902, appendix A', () => {
  const rows: [unknown, unknown[], unknown][] = [
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 1 }], { foo: 'bar', baz: 1 }],
    [{ foo: ['a'] }, [{ op: 'add', path: '/foo/0', value: 'b' }], { foo: ['b', 'a'] }],
    [{ foo: ['a'] }, [{ op: 'add', path: '/foo/-', value: ['b'] }], { foo: ['a', ['b']] }],
    [{ foo: ['a'] }, [{ op: 'add', path: '/foo/-1', value: 'b' }], { foo: ['a', 'b'] }],
    [{ foo: 1, baz: 2 }, [{ op: 'remove', path: '/baz' }], { foo: 1 }],
    [{ foo: ['a', 'b', 'c'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['a', 'c'] }],
    [{ foo: ['a', 'b', 'c'] }, [{ op: 'remove', path: '/foo/-1' }], { foo: ['a', 'b'] }],
    [{ foo: 1 }, [{ op: 'replace', path: '/foo', value: null }], { foo: null }],
    [{ foo: 1 }, [{ op: 'replace', path: '', value: { a: 1 } }], { a: 1 }],
    [{ foo: [1, 2] }, [{ op: 'replace', path: '/foo/1', value: 3 }], { foo: [1, 3] }],
    [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
    [{ a: [1, 2, 3] }, [{ op: 'move', from: '/a/1', path: '/a/2' }], { a: [1, 3, 2] }],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [{ a: 'x' }, [{ op: 'test', path: '/a', value: 'x' }], { a: 'x' }],
    [
      { a: [1, { b: 2 }] },
      [{ op: 'test', path: '/a', value: [1, { b: 2 }] }],
      { a: [1, { b: 2 }] },
    ],
    [{ a: 1 }, [{ op: 'test', path: '/none', value: null }], { a: 1 }],
    [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [{ 'a/b': 1 }, [{ op: 'remove', path: '/a~1b' }], {}],
    [{ '': 1 }, [{ op: 'remove', path: '/' }], {}],
    [{ a: 1 }, [{ op: 'add', path: '/b' }], { a: 1, b: null }],
  ]
  for (const [document, patch, expected] of rows) {
    assert.deepEqual(apply(document, patch), expected, JSON.stringify(patch))
  }
})

test('what does not apply is refused in upstream’s words', () => {
  const document = { a: { b: 1 }, l: [1], s: 'x', n: null }
  const rows: [Record<string, unknown>, string][] = [
    [
      { op: 'add', path: '/x/y', value: 1 },
      'add operation does not apply: doc is missing path: "/x/y": missing value',
    ],
    [
      { op: 'add', path: '', value: 1 },
      'add operation does not apply: doc is missing path: "": missing value',
    ],
    [
      { op: 'add', path: '/s/y', value: 1 },
      'add operation does not apply: doc is missing path: "/s/y": missing value',
    ],
    [
      { op: 'add', path: '/l/x', value: 1 },
      `error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    [
      { op: 'add', path: '/l/2', value: 1 },
      "error in add for path: '/l/2': Unable to access invalid index: 2: invalid index referenced",
    ],
    [{ op: 'add', value: 1 }, 'add operation failed to decode path: missing value'],
    [
      { op: 'remove', path: '/x' },
      "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
    ],
    [
      { op: 'remove', path: '/l/1' },
      "error in remove for path: '/l/1': Unable to access invalid index: 1: invalid index referenced",
    ],
    [
      { op: 'replace', path: '/x', value: 1 },
      'replace operation does not apply: doc is missing key: /x: missing value',
    ],
    [
      { op: 'replace', path: '/n/x', value: 1 },
      'replace operation does not apply: doc is missing path: /n/x: missing value',
    ],
    [
      { op: 'move', from: '/x', path: '/y' },
      "error in move for path: 'x': unable to get nonexistent key: x: missing value",
    ],
    [
      { op: 'move', path: '/y' },
      'move operation failed to decode from: operation, missing from field: missing value',
    ],
    [
      { op: 'copy', from: '/x/y', path: '/y' },
      'copy operation does not apply: doc is missing from path: /x/y: missing value',
    ],
    [{ op: 'test', path: '/a/b', value: 2 }, 'testing value /a/b failed: test failed'],
    [
      { op: 'test', path: '/l/9', value: 2 },
      "error in test for path: '/l/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [
      { op: 'test', path: '/constructor', value: 2 },
      'testing value /constructor failed: test failed',
    ],
    [{ op: 'x', path: '/a' }, 'Unexpected kind: x'],
    [{ path: '/a' }, 'Unexpected kind: unknown'],
  ]
  for (const [operation, message] of rows) {
    assert.throws(() => apply(document, [operation]), { name: 'JsonPatchError', message })
  }
})

test('a patch is a list of objects, and not too long', () => {
  assert.throws(() => parseJsonPatch({}), {
    message: 'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
  })
  assert.throws(() => parseJsonPatch([1]), {
    message: 'json: cannot unmarshal number into Go value of type jsonpatch.Operation',
  })
  const operations = Array.from({ length: 10_001 }, () => ({}))
  assert.throws(() => parseJsonPatch(operations), {
    code: 413,
    message:
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  })
})

test('copies cannot let an object explode', () => {
  const double = [{ op: 'copy', from: '/a', path: '/a/-' }]
  assert.throws(
    () => apply({ a: ['x'.repeat(1000)] }, Array.from({ length: 20 }, () => double).flat()),
    { name: 'JsonPatchError', message: /exceeding the limit 3145728$/ },
  )
})

test('hostile keys reach own fields only', () => {
  const patched = apply({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
  assert.deepEqual(Object.keys(patched as object), ['__proto__'])
  assert.equal(Object.getPrototypeOf(patched), Object.prototype)
  assert.throws(() => apply({}, [{ op: 'add', path: '/__proto__/x', value: 1 }]), /missing path/)
  assert.throws(() => apply({}, [{ op: 'remove', path: '/constructor' }]), /nonexistent/)
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'))
  assert.deepEqual(Object.keys(merged as object), ['__proto__'])
  assert.equal(Object.getPrototypeOf(merged), Object.prototype)
})

test('an added value is not shared with the patch', () => {
  const patch = [
    { op: 'add', path: '/a', value: { b: 1 } },
    { op: 'add', path: '/a/c', value: 2 },
    { op: 'copy', from: '/a', path: '/d' },
    { op: 'replace', path: '/d/b', value: 3 },
  ]
  assert.deepEqual(apply({}, patch), { a: { b: 1, c: 2 }, d: { b: 3, c: 2 } })
})

test('merge patches of RFC 7386, appendix A', () => {
  const rows: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [document, patch, expected] of rows) {
    assert.deepEqual(mergePatch(deepFreeze(document), deepFreeze(patch)), expected)
  }
})

/** Merge patches cannot set null, so there is none in these. */
const withoutNull = fc
  .jsonValue({ maxDepth: 4 })
  .map((value): unknown =>
    JSON.parse(JSON.stringify(value), (_key, item: unknown) => (item === null ? 0 : item)),
  )

test('the created merge patch leads from one value to the other', () => {
  fc.assert(
    fc.property(withoutNull, withoutNull, (from, to) => {
      const patch = createMergePatch(deepFreeze(from), deepFreeze(to))
      assert.ok(equalJson(mergePatch(from, patch), to))
      assert.ok(equalJson(mergePatch(from, createMergePatch(from, from)), from))
    }),
  )
})

test('adding and removing again changes nothing', () => {
  const key = fc.string({ unit: fc.constantFrom('a', '/', '~', '0', '1', '_'), minLength: 1 })
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue()),
      key,
      fc.jsonValue(),
      (document, name, value) => {
        fc.pre(!Object.hasOwn(document, name))
        const path = `/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`
        const patch = [
          { op: 'add', path, value },
          { op: 'test', path, value },
          { op: 'remove', path },
        ]
        assert.ok(equalJson(apply(document, patch), document))
      },
    ),
  )
})
