import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { StatusError } from '../status.ts'
import { boolean, int32, item, list, map, pointer, raw, string, struct } from './builder.ts'
import type { Json } from './schema.ts'
import { strategicMergePatch } from './strategic-merge-patch.ts'
import { wholeObject } from './whole.ts'

const Port = struct('test.Port', () => ({ containerPort: int32(1), name: string(2) }))
const Container = struct('test.Container', () => ({
  name: string(1),
  image: string(2),
  args: list(item.string, 3),
  ports: list(Port, 4).patch('merge', 'containerPort'),
}))
const Strategy = struct('test.Strategy', () => ({
  type: string(1),
  rolling: pointer(
    struct('test.Rolling', () => ({ surge: int32(1), quick: boolean(2) })),
    2,
  ),
}))
const schema = wholeObject(
  struct('test.Thing', () => ({
    spec: pointer(
      struct('test.ThingSpec', () => ({
        containers: list(Container, 1).patch('merge', 'name'),
        tolerations: list(Container, 2),
        strategy: pointer(Strategy, 3).patch('retainKeys'),
        whole: pointer(Strategy, 4).patch('replace'),
        keyless: list(Container, 5).patch('merge'),
        lists: list(item.list(item.string), 6).patch('merge'),
        nested: map(item.map(item.string), 7),
        raw: raw('test.Raw', 8),
      })),
      1,
    ),
    data: map(item.string, 2),
  })),
)

function merge(current: Json, patch: Json): Json {
  return strategicMergePatch(schema, current, patch)
}

describe('objects', () => {
  const rows: readonly (readonly [string, Json, Json, Json])[] = [
    ['fields are merged', { data: { a: '1' } }, { data: { b: '2' } }, { data: { a: '1', b: '2' } }],
    ['null deletes', { data: { a: '1', b: '2' } }, { data: { a: null } }, { data: { b: '2' } }],
    ['null of an absent field is nothing', {}, { data: null }, {}],
    ['nulls are not taken over', {}, { data: { a: null, b: '2' } }, { data: { b: '2' } }],
    ['another type replaces', { data: 'x' }, { data: { a: '1' } }, { data: { a: '1' } }],
    [
      '$patch replace',
      { data: { a: '1' } },
      { data: { $patch: 'replace', b: '2' } },
      { data: { b: '2' } },
    ],
    ['$patch delete', { data: { a: '1' } }, { data: { $patch: 'delete' } }, { data: {} }],
    ['a directive for what is absent', {}, { data: { $patch: 'delete' } }, {}],
    [
      'strategy replace',
      { spec: { whole: { type: 'A', rolling: {} } } },
      { spec: { whole: { type: 'B' } } },
      { spec: { whole: { type: 'B' } } },
    ],
    [
      '$retainKeys',
      { spec: { strategy: { type: 'RollingUpdate', rolling: { surge: 1 } } } },
      { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
      { spec: { strategy: { type: 'Recreate' } } },
    ],
  ]
  for (const [name, current, patch, expected] of rows) {
    test(name, () => assert.deepEqual(merge(current, patch), expected))
  }

  test('any key is an ordinary one', () => {
    const current: Json = JSON.parse('{"data":{"10":"a","__proto__":"b"}}')
    const patch: Json = JSON.parse('{"data":{"__proto__":"c","constructor":"d","10":null}}')
    assert.equal(
      JSON.stringify(merge(current, patch)),
      '{"data":{"__proto__":"c","constructor":"d"}}',
    )
  })
})

describe('lists', () => {
  const rows: readonly (readonly [string, Json, Json, Json])[] = [
    [
      'without a strategy they are replaced',
      { tolerations: [{ name: 'a' }] },
      { tolerations: [{ name: 'b' }] },
      { tolerations: [{ name: 'b' }] },
    ],
    [
      'items are merged by key; new ones come first',
      { containers: [{ name: 'a', image: 'a:1' }] },
      { containers: [{ name: 'b' }, { name: 'a', image: 'a:2' }] },
      { containers: [{ name: 'b' }, { name: 'a', image: 'a:2' }] },
    ],
    [
      'items the patch does not name follow',
      { containers: [{ name: 'a' }, { name: 'c' }] },
      { containers: [{ name: 'b' }] },
      { containers: [{ name: 'b' }, { name: 'a' }, { name: 'c' }] },
    ],
    [
      '$patch delete of an item',
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [{ name: 'b' }] },
    ],
    [
      '$patch replace of a list',
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { containers: [{ name: 'c' }, { $patch: 'replace' }] },
      { containers: [{ name: 'c' }] },
    ],
    [
      '$setElementOrder orders what is merged, and what only the server has stays in place',
      { containers: [{ name: 'a' }, { name: 'x' }, { name: 'b' }] },
      {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'c' }, { name: 'a' }],
        containers: [{ name: 'c', image: 'c:1' }],
      },
      { containers: [{ name: 'x' }, { name: 'b' }, { name: 'c', image: 'c:1' }, { name: 'a' }] },
    ],
    [
      'nested lists',
      { containers: [{ name: 'a', ports: [{ containerPort: 1 }, { containerPort: 2 }] }] },
      { containers: [{ name: 'a', ports: [{ containerPort: 2, name: 'two' }] }] },
      {
        containers: [
          { name: 'a', ports: [{ containerPort: 1 }, { containerPort: 2, name: 'two' }] },
        ],
      },
    ],
  ]
  for (const [name, current, patch, expected] of rows) {
    test(name, () =>
      assert.deepEqual(merge({ spec: current }, { spec: patch }), { spec: expected }),
    )
  }

  test('finalizers merge as a set', () => {
    const current = { metadata: { finalizers: ['a', 'b'] } }
    const patch = { metadata: { finalizers: ['c', 'b'] } }
    assert.deepEqual(merge(current, patch), { metadata: { finalizers: ['c', 'a', 'b'] } })
  })

  test('$deleteFromPrimitiveList', () => {
    const current = { metadata: { finalizers: ['a', 'b', 'c'] } }
    const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['b', 'z'] } }
    assert.deepEqual(merge(current, patch), { metadata: { finalizers: ['a', 'c'] } })
  })
})

describe('errors', () => {
  const rows: readonly (readonly [Json, Json, number, string])[] = [
    [
      { containers: [{ name: 'a' }] },
      { containers: [{ image: 'x', args: [1, null] }] },
      400,
      'map: map[args:[1 <nil>] image:x] does not contain declared merge key: name',
    ],
    [
      { keyless: [{ name: 'a' }] },
      { keyless: [{ name: 'a' }] },
      400,
      'cannot merge lists without merge key for struct',
    ],
    [{ lists: [['a']] }, { lists: [['b']] }, 400, 'unexpected slice of slice'],
    [
      { containers: [{ name: 'a' }] },
      { containers: [{ name: 'a', $patch: 'merge' }] },
      400,
      'merging lists cannot yet be specified in the patch',
    ],
    [
      { containers: [{ name: 'a' }] },
      { containers: ['a'] },
      400,
      'list element types are not identical: [[map[name:a]] [a]]',
    ],
    [
      { strategy: {} },
      { strategy: { $patch: 'sideways', type: 'A' } },
      400,
      'unknown patch type: sideways in map: map[$patch:sideways type:A]',
    ],
    [
      { strategy: {} },
      { strategy: { $retainKeys: ['rolling'], type: 'A' } },
      400,
      'invalid patch format of retainKeys',
    ],
    [
      { nested: { a: { b: {} } } },
      { nested: { a: { b: {} } } },
      400,
      'merging an object in json but data type is not struct, instead is: map',
    ],
    [
      { containers: [{ name: 'a' }] },
      { '$setElementOrder/containers': 'a' },
      400,
      'expected a []interface {}, but received a string',
    ],
    [
      { raw: { a: {} } },
      { raw: { a: {} } },
      400,
      'unable to find api field in struct Raw for the json field "a"',
    ],
    [
      { containers: [{ name: 'a' }, { name: 'b' }] },
      {
        containers: [{ name: 'b' }, { name: 'a' }],
        '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }],
      },
      400,
      "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    ],
  ]
  for (const [current, patch, code, message] of rows) {
    test(message, () => {
      assert.throws(
        () => merge({ spec: current }, { spec: patch }),
        (error) => error instanceof StatusError && error.code === code && error.message === message,
      )
    })
  }
})

describe('properties', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const containers = fc.uniqueArray(
    fc.record({ name: names, image: fc.constantFrom('x', 'y') }, { requiredKeys: ['name'] }),
    { selector: ({ name }) => name },
  )
  const object = fc.record({
    metadata: fc.record({ finalizers: fc.uniqueArray(names) }),
    spec: fc.record({ containers }),
    data: fc.dictionary(fc.constantFrom('a', '__proto__', '10'), names, { noNullPrototype: true }),
  })

  const sorted = (value: Json): string =>
    JSON.stringify(value)
      .split(/[{}[\],]/)
      .sort()
      .join()

  test('but for the order, patching twice is patching once', () => {
    fc.assert(
      fc.property(object, object, (current, patch) => {
        const once = merge(current, patch)
        const twice = merge(once, patch)
        assert.deepEqual(sorted(twice), sorted(once))
        assert.deepEqual(merge(once, { data: patch.data }), once)
      }),
    )
  })

  test('inputs stay as they are', () => {
    fc.assert(
      fc.property(object, object, (current, patch) => {
        const before = JSON.stringify([current, patch])
        merge(current, patch)
        assert.equal(JSON.stringify([current, patch]), before)
      }),
    )
  })

  test('the given order is the order of the result', () => {
    fc.assert(
      fc.property(containers, fc.shuffledSubarray(['a', 'b', 'c', 'd']), (current, order) => {
        fc.pre(current.length > 0)
        const merged = merge(
          { spec: { containers: current } },
          { spec: { '$setElementOrder/containers': order.map((name) => ({ name })) } },
        )
        const names = Array.from(
          JSON.stringify(merged).matchAll(/"name":"(\w)/g),
          ([, name]) => name ?? '',
        )
        assert.deepEqual(
          names.filter((name) => order.includes(name)),
          order.filter((name) => names.includes(name)),
        )
      }),
    )
  })
})
