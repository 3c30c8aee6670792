import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  boolean,
  bytes,
  double,
  duration,
  int32,
  int64,
  intOrString,
  item,
  list,
  map,
  microTime,
  pointer,
  quantity,
  raw,
  string,
  struct,
  time,
  value,
} from './builder.ts'
import { Normalizer } from './decode.ts'
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufWatchEvent,
  isProtobuf,
  openProtobuf,
  type TypeMeta,
} from './protobuf.ts'
import { ProtoError } from './proto-reader.ts'
import { ProtoWriter } from './proto-writer.ts'
import { wholeList, wholeObject } from './whole.ts'

const ConfigMapSchema = struct('io.k8s.api.core.v1.ConfigMap', () => ({
  immutable: boolean(4).keep(),
  data: map(item.string, 2),
  binaryData: map(item.bytes, 3),
}))
const configMap = wholeObject(ConfigMapSchema)
const listMeta = struct('test.ListMeta', () => ({
  selfLink: string(1),
  resourceVersion: string(2),
  continue: string(3),
  remainingItemCount: int64(4).keep(),
}))

const Part = struct('test.Part', () => ({ name: string(1), size: int32(2).keep() }))
const Thing = wholeObject(
  struct('test.Thing', () => ({
    on: boolean(2),
    count: int64(3),
    maybe: int32(4).keep(),
    ratio: double(5).keep(),
    blob: bytes(6),
    size: quantity(7),
    port: intOrString(8).emit(),
    at: time(9).orNull(),
    exactly: microTime(10),
    every: duration(11),
    data: raw('test.Raw', 12),
    part: value(Part, 13),
    other: pointer(Part, 14),
    parts: list(Part, 15),
    lists: map(item.list(item.string), 16),
    inlined: string(1).inlineIn(17),
    deeper: string(1).inlineIn(17, 2),
    numbers: list(item.int64, 18),
  })),
)

function normalized(content: object): TypeMeta {
  const given = { apiVersion: 'test/v1', kind: 'Thing', metadata: {}, ...content }
  return new Normalizer().struct(Thing, given) as unknown as TypeMeta
}

function roundTrip(object: TypeMeta): unknown {
  const decoded = decodeProtobuf(Thing, openProtobuf(encodeProtobuf(Thing, object)))
  return new Normalizer().struct(Thing, decoded)
}

describe('bytes are upstream’s', () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

  test('of an object', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', creationTimestamp: '2020-01-01T00:00:00Z', generation: -1 },
      data: { k: 'v', b: '' },
      binaryData: { x: 'YQ==' },
      immutable: false,
    }
    assert.equal(
      hex(encodeProtobuf(configMap, object)),
      [
        '6b3873000a0f0a0276311209436f6e6669674d6170123d0a220a016112001a0022002a00320038ff',
        'ffffffffffffffff0142080880c2aff005100012050a0162120012060a016b1201761a060a017812',
        '016120001a002200',
      ].join(''),
    )
  })

  test('of a list', () => {
    const list = {
      apiVersion: 'v1',
      kind: 'ConfigMapList',
      metadata: { resourceVersion: '7' },
      items: [{ metadata: { name: 'a' } }],
    }
    assert.equal(
      hex(encodeProtobuf(wholeList(ConfigMapSchema, listMeta), list)),
      [
        '6b3873000a130a027631120d436f6e6669674d61704c697374121e0a070a001201371a0012130a11',
        '0a016112001a0022002a003200380042001a002200',
      ].join(''),
    )
  })

  test('of a watch event', () => {
    assert.equal(
      hex(encodeProtobufWatchEvent('ADDED', Uint8Array.of(1, 2))),
      '0a05414444454412040a020102',
    )
  })
})

describe('an object comes back', () => {
  test('with every type', () => {
    const object = normalized({
      metadata: { name: 'é', labels: { __proto__: 'a', 10: 'b' } },
      on: true,
      count: -(2 ** 40),
      maybe: 0,
      ratio: 1.5,
      blob: 'YWI=',
      size: '500m',
      port: 'http',
      at: '2020-01-01T00:00:00Z',
      exactly: '2020-01-01T00:00:00.123456Z',
      every: '1m30s',
      data: { a: [1, null] },
      part: { name: 'p' },
      other: {},
      parts: [{ name: 'a', size: 0 }, {}],
      lists: { a: ['x', 'y'], b: [] },
      inlined: 'in',
      deeper: 'deep',
      numbers: [1, -1],
    })
    assert.deepEqual(roundTrip(object), object)
  })

  test('with integers beyond 2^53', () => {
    const object = normalized({ count: 2n ** 62n })
    assert.deepEqual(roundTrip(object), object)
  })

  test('whatever its values', () => {
    const text = fc.string({ unit: 'grapheme' })
    const part = fc.record({ name: text, size: fc.integer() }, { requiredKeys: [] })
    const thing = fc.record(
      {
        on: fc.boolean(),
        count: fc.maxSafeInteger(),
        maybe: fc.integer(),
        inlined: text,
        deeper: text,
        parts: fc.array(part),
        other: part,
        lists: fc.dictionary(text, fc.array(text), { noNullPrototype: true }),
        port: fc.oneof(text, fc.integer()),
        data: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(thing, (content) => {
        const object = normalized(JSON.parse(JSON.stringify(content)))
        assert.deepEqual(roundTrip(object), object)
      }),
    )
  })
})

describe('broken bytes', () => {
  const good = encodeProtobuf(Thing, normalized({ parts: [{ name: 'a' }], count: 300 }))

  test('are refused', () => {
    assert.throws(() => openProtobuf(Uint8Array.of(1, 2, 3)), ProtoError)
    assert.ok(!isProtobuf(Uint8Array.of(1)))
    for (const raw of [[0x0a, 5, 1], [0x80], [0x1b], [0], [0x1d, 1], [0x1a, 0]]) {
      const object = { apiVersion: 'v1', kind: 'Thing', raw: Uint8Array.from(raw) }
      assert.throws(() => decodeProtobuf(Thing, object), ProtoError, String(raw))
    }
  })

  test('never do worse than being refused', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 5), fc.nat(255), (at, byte) => {
        const bad = good.slice()
        bad[4 + at] = byte
        try {
          decodeProtobuf(Thing, openProtobuf(bad))
        } catch (error) {
          assert.ok(error instanceof ProtoError)
        }
      }),
    )
  })

  test('of unknown fields are passed over', () => {
    const writer = new ProtoWriter()
    writer.string(900, 'x'.repeat(200))
    writer.varint(901, -1)
    writer.double(902, 1)
    writer.varint(2, 1)
    const object = { apiVersion: 'v1', kind: 'Thing', raw: writer.finish() }
    assert.deepEqual(decodeProtobuf(Thing, object), { kind: 'Thing', apiVersion: 'v1', on: true })
  })
})
