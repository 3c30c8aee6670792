import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeObject } from './encode.ts'
import { boolean, int32, item, list, map, pointer, string, struct } from './builder.ts'
import { compareObjects } from './compare.ts'
import { Normalizer } from './decode.ts'
import { union } from './field-set.ts'
import { FieldShapes, shapeNodesMax } from './field-shapes.ts'
import type { Json } from './schema.ts'

const Part = struct('test.Part', () => ({
  name: string(1).emit(),
  port: int32(2),
  on: boolean(3).keep(),
  labels: map(item.string, 4),
}))
const Thing = struct('test.Thing', () => ({
  size: int32(1).emit(),
  title: string(2),
  parts: list(Part, 3).mapBy('name', 'port').orNull(),
  tags: list(item.string, 4).set(),
  words: list(item.string, 5),
  data: map(item.string, 6),
  one: pointer(Part, 7),
}))

const zero = normal({})

function normal(value: object): Json {
  return new Normalizer().struct(Thing, value) as Json
}

function owned(value: Json) {
  const { modified, added } = compareObjects(Thing, zero, value)
  return union(modified, added)
}

test('objects of one shape share one set, whatever their values', () => {
  const shapes = new FieldShapes(Thing, zero)
  const set = (value: object) => shapes.setFor(normal(value), () => owned(normal(value)))
  const first = set({ title: 'a', parts: [{ name: 'x', port: 1 }], data: { k: '1' } })
  assert.equal(set({ title: 'b', parts: [{ name: 'x', port: 1 }], data: { k: '2' } }), first)
  for (const other of [
    { title: 'a', parts: [{ name: 'y', port: 1 }], data: { k: '1' } },
    { title: 'a', parts: [{ name: 'x', port: 2 }], data: { k: '1' } },
    { title: 'a', parts: [{ name: 'x', port: 1 }], data: { l: '1' } },
    { title: 'a', parts: [{ name: 'x', port: 1, on: false }], data: { k: '1' } },
    { title: 'a', size: 1, parts: [{ name: 'x', port: 1 }], data: { k: '1' } },
  ]) {
    assert.notEqual(set(other), first)
    assert.deepEqual(set(other), owned(normal(other)))
  }
})

test('a set that is shared says the same as one made for the object alone', () => {
  const shapes = new FieldShapes(Thing, zero)
  const word = fc.constantFrom('', 'a', 'b', '10', '__proto__', '.', 'f:a', '{', '}')
  const part = fc.record(
    {
      name: word,
      port: fc.integer({ min: 0, max: 2 }),
      on: fc.boolean(),
      labels: fc.dictionary(word, word, { maxKeys: 2 }),
    },
    { requiredKeys: [] },
  )
  const thing = fc.record(
    {
      size: fc.integer({ min: 0, max: 1 }),
      title: word,
      parts: fc.oneof(fc.constant(null), fc.array(part, { maxLength: 3 })),
      tags: fc.array(word, { maxLength: 3 }),
      words: fc.array(word, { maxLength: 2 }),
      data: fc.dictionary(word, word, { maxKeys: 3 }),
      one: part,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(thing, (given) => {
      const value = normal(given)
      assert.deepEqual(
        shapes.setFor(value, () => owned(value)),
        owned(value),
      )
    }),
    { numRuns: 1_000 },
  )
})

test('shared sets are encoded as others are', () => {
  const shapes = new FieldShapes(Thing, zero)
  const value = normal({ title: 'a', parts: [{ name: '"x"<', port: 1 }] })
  const encode = () => {
    const fieldsV1 = shapes.setFor(value, () => owned(value))
    const entry = { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' }
    const managedFields = [{ ...entry, fieldsV1, subresource: 'status' }] as const
    const object = { kind: 'Thing', apiVersion: 'v1', metadata: { name: 'a', managedFields } }
    return Buffer.from(encodeObject(object as never, false).bytes).toString()
  }
  const first = encode()
  assert.equal(encode(), first)
  assert.match(first, /"fieldsType":"FieldsV1","fieldsV1":\{.*\},"subresource":"status"\}\]\}\}$/)
})

test('what is remembered of shapes is bounded', () => {
  const shapes = new FieldShapes(Thing, zero)
  const set = (key: number) => {
    const value = normal({ data: { [`key-${key}`]: '' } })
    return shapes.setFor(value, () => owned(value))
  }
  const first = set(0)
  assert.equal(set(0), first)
  for (let key = 1; key < shapeNodesMax; key++) set(key)
  assert.notEqual(set(0), first)
})
