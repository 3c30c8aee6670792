import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  compareElements,
  difference,
  emptySet,
  equalSets,
  FieldSetError,
  hasPath,
  intersection,
  isEmptySet,
  parseFieldSet,
  printPaths,
  setOfFields,
  union,
  withoutFields,
} from './field-set.ts'

describe('FieldsV1', () => {
  test('is read into upstream’s order and form', () => {
    const set = parseFieldSet({
      'v:"b"': {},
      'k:{"port":80,"name":"a"}': { 'f:x': {}, '.': {} },
      'f:b': { '.': {} },
      'i:0': {},
      'v:1': {},
      'f:a': { 'f:é': {}, 'f:z': {} },
      'x:future': {},
      '.': {},
    })
    assert.equal(
      JSON.stringify(set),
      JSON.stringify({
        'f:a': { 'f:z': {}, 'f:é': {} },
        'f:b': {},
        'k:{"name":"a","port":80}': { '.': {}, 'f:x': {} },
        'v:1': {},
        'v:"b"': {},
        'i:0': {},
      }),
    )
  })

  test('that is canonical is the set itself', () => {
    const fields = { 'f:a': {}, 'k:{"name":"<"}': { '.': {}, 'f:b': {} } }
    const canonical = { 'f:a': {}, 'k:{"name":"\\u003c"}': { '.': {}, 'f:b': {} } }
    assert.deepEqual(parseFieldSet(fields), canonical)
    assert.equal(parseFieldSet(canonical), canonical)
  })

  for (const fields of [
    { f: {} },
    { 'fa:b': {} },
    { 'k:[]': {} },
    { 'v:{': {} },
    { 'i:x': {} },
    1,
  ]) {
    test(`refuses ${JSON.stringify(fields)}`, () => {
      assert.throws(() => parseFieldSet(fields), FieldSetError)
    })
  }

  test('any name is an ordinary one', () => {
    const set = setOfFields([['__proto__', 'constructor'], ['10']])
    assert.equal(JSON.stringify(set), '{"f:10":{},"f:__proto__":{"f:constructor":{}}}')
    assert.ok(hasPath(set, ['f:__proto__', 'f:constructor']))
    assert.ok(!hasPath(set, ['f:__proto__']))
  })
})

test('paths print members first, then what is below', () => {
  const set = parseFieldSet({
    'f:spec': {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
      'f:type': {},
    },
    'f:metadata': { 'f:finalizers': { 'v:"a"': {} } },
  })
  assert.deepEqual(printPaths(set), [
    '.metadata.finalizers[="a"]',
    '.spec.type',
    '.spec.ports[port=80,protocol="TCP"]',
    '.spec.ports[port=80,protocol="TCP"].name',
  ])
})

describe('operations agree with those on sets of paths', () => {
  const element = fc.constantFrom('f:a', 'f:b', 'k:{"n":"a"}', 'v:1', 'v:"a"')
  const path = fc.array(element, { minLength: 1, maxLength: 4 })
  const paths = fc.array(path, { maxLength: 8 })
  type Path = readonly string[]

  const setFrom = (list: readonly Path[]) =>
    list.reduce(
      (set, path) =>
        union(set, parseFieldSet(path.reduceRight((node, name) => ({ [name]: node }), {}))),
      emptySet,
    )
  const names = (list: readonly Path[]) => new Set(list.map((path) => path.join(' ')))
  const flat = (set: ReturnType<typeof setFrom>, prefix: readonly string[] = []): string[] =>
    Object.keys(set).flatMap((name) => {
      const node = set[name]
      if (name === '.' || node === undefined) return []
      const here = [...prefix, name]
      const member = isEmptySet(node) || node['.'] !== undefined
      return [...(member ? [here.join(' ')] : []), ...flat(node, here)]
    })
  const same = (set: ReturnType<typeof setFrom>, expected: ReadonlySet<string>) => {
    assert.deepEqual(flat(set).sort(), [...expected].sort())
    assert.equal(
      JSON.stringify(parseFieldSet(JSON.parse(JSON.stringify(set)))),
      JSON.stringify(set),
    )
  }

  test('union, difference, intersection, equality', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const a = setFrom(left)
        const b = setFrom(right)
        same(union(a, b), names(left).union(names(right)))
        same(difference(a, b), names(left).difference(names(right)))
        same(intersection(a, b), names(left).intersection(names(right)))
        assert.equal(equalSets(a, b), isEmptySet(difference(a, b)) && isEmptySet(difference(b, a)))
      }),
    )
  })

  test('withoutFields takes away what is below, too', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const gone = [...names(right)]
        const kept = [...names(left)].filter(
          (path) => !gone.some((other) => path === other || path.startsWith(`${other} `)),
        )
        same(withoutFields(setFrom(left), setFrom(right)), new Set(kept))
      }),
    )
  })

  test('the order of elements is total', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        assert.equal(Math.sign(compareElements(a, b)), -Math.sign(compareElements(b, a)) + 0)
        assert.equal(compareElements(a, b) === 0, a === b)
      }),
    )
  })
})
