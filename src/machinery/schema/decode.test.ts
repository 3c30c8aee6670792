import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCanonical, decodeObject, defaultObject } from '../codec.ts'
import { resource } from '../resource.ts'
import { StatusError } from '../status.ts'
import {
  boolean,
  bytes,
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
import { DecodeError, Normalizer } from './decode.ts'
import { spliceVersion } from './encode.ts'

const Port = struct('io.k8s.api.core.v1.ServicePort', () => ({
  name: string(1),
  protocol: string(2).values('SCTP', 'TCP', 'UDP').default('TCP'),
  appProtocol: string(6).keep(),
  port: int32(3).emit().required(),
  targetPort: intOrString(4).emit(),
}))
const Inner = struct('io.k8s.api.core.v1.Inner', () => ({ on: boolean(1), at: time(2).orNull() }))
const WidgetSchema = struct(
  'io.k8s.api.core.v1.Widget',
  () => ({
    ports: list(Port, 1).orNull(),
    inner: value(Inner, 2),
    outer: pointer(Inner, 3),
    size: quantity(4),
    limits: map(item.quantity, 5),
    data: map(item.string, 6),
    blob: bytes(7),
    big: int64(8),
    at: microTime(9),
    free: raw('io.k8s.apimachinery.pkg.runtime.RawExtension', 10),
    hidden: string(11).alpha('Hidden'),
  }),
  {
    defaults(draft) {
      if (draft.big === undefined) draft.big = 7
    },
  },
)
const Widget = resource({
  name: 'widgets',
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'Widget', schema: WidgetSchema }],
})
const face = Widget.faces[0]

const read = (body: object) => decodeObject(face, { metadata: { name: 'w' }, ...body })
const text = (body: object) => {
  const { encoded } = encodeCanonical(face, read(body).draft)
  return Buffer.from(encoded.bytes).toString()
}

test('zero values follow the rule of their field', () => {
  assert.equal(
    text({
      ports: [{ name: '', appProtocol: '', port: 0 }],
      outer: {},
      data: {},
      blob: '',
      big: 0,
    }),
    '{"kind":"Widget","apiVersion":"v1","metadata":{"name":"w"},' +
      '"ports":[{"appProtocol":"","port":0,"targetPort":0}],' +
      '"inner":{"at":null},"outer":{"at":null}}',
  )
  assert.match(text({}), /"ports":null/)
  assert.match(text({ ports: [] }), /"ports":\[\]/)
})

test('quantities, times and integers take their canonical form', () => {
  const out = text({
    size: 0.5,
    limits: { memory: '1024Mi', cpu: 2 },
    inner: { at: '2024-02-03T04:05:06.789+01:00' },
    at: '2024-02-03T04:05:06.123456789Z',
    big: 9007199254740993n,
  })
  assert.match(out, /"size":"500m"/)
  assert.match(out, /"limits":\{"cpu":"2","memory":"1Gi"\}/)
  assert.match(out, /"inner":\{"at":"2024-02-03T03:05:06Z"\}/)
  assert.match(out, /"at":"2024-02-03T04:05:06.123456Z"/)
  assert.match(out, /"big":9007199254740993/)
})

test('maps keep hostile keys and are sorted as Go sorts', () => {
  const data = JSON.parse(
    '{"b":"1","__proto__":"2","constructor":"3","10":"4","9":"5","toString":"6"}',
  )
  assert.match(
    text({ data }),
    /"data":\{"10":"4","9":"5","__proto__":"2","b":"1","constructor":"3","toString":"6"\}/,
  )
})

test('unknown fields are dropped and named by path; alpha fields are dropped', () => {
  const { draft, problems } = read({ hidden: 'x', ports: [{ port: 1, portt: 2 }], nope: {} })
  assert.deepEqual(problems, ['unknown field "ports[0].portt"', 'unknown field "nope"'])
  assert.equal(JSON.stringify(draft).includes('hidden'), false)
})

test('a wrong type is a 400 in the words of Go’s decoder', () => {
  const cases: [object, string][] = [
    [
      { ports: 'x' },
      'json: cannot unmarshal string into Go struct field Widget.ports of type []v1.ServicePort',
    ],
    [
      { ports: [{ port: 'x' }] },
      'json: cannot unmarshal string into Go struct field ServicePort.ports.port of type int32',
    ],
    [
      { ports: [{ port: 3e9 }] },
      'json: cannot unmarshal number 3000000000 into Go struct field ServicePort.ports.port of type int32',
    ],
    [
      { data: { a: 5 } },
      'json: cannot unmarshal number into Go struct field Widget.data of type string',
    ],
    [
      { metadata: { labels: [] } },
      'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [{ blob: 'abc$' }, 'illegal base64 data at input byte 3'],
    [
      { outer: { on: 1 } },
      'json: cannot unmarshal number into Go struct field Inner.outer.on of type bool',
    ],
  ]
  for (const [body, message] of cases) {
    assert.throws(
      () => read(body),
      (error) =>
        error instanceof StatusError &&
        error.code === 400 &&
        error.message === `Widget in version "v1" cannot be handled as a Widget: ${message}`,
      message,
    )
  }
})

test('defaults fill what is absent, hooks first, and are idempotent', () => {
  const { draft } = read({ ports: [{ port: 1 }, { port: 2, protocol: 'UDP' }] })
  defaultObject(face, draft)
  const once = JSON.stringify(draft)
  assert.match(once, /"protocol":"TCP"/)
  assert.match(once, /"protocol":"UDP"/)
  assert.match(once, /"big":7/)
  defaultObject(face, draft)
  assert.equal(JSON.stringify(draft), once)
})

test('the revision is spliced in after the identity', () => {
  const { encoded } = encodeCanonical(
    face,
    read({ metadata: { name: 'wé', uid: 'u', resourceVersion: '3', labels: { a: 'b' } } }).draft,
  )
  const spliced = Buffer.from(spliceVersion(encoded, '42')).toString()
  assert.match(spliced, /"uid":"u","resourceVersion":"42","labels"/)
  const { bytes, typeMetaEnd, metadataEnd } = encoded
  const metadata = Buffer.from(bytes.subarray(typeMetaEnd, metadataEnd)).toString()
  assert.equal(metadata, '"metadata":{"name":"wé","uid":"u","labels":{"a":"b"}}')
  assert.equal(JSON.parse(spliced).metadata.resourceVersion, '42')
})

test('normalizing twice changes nothing', () => {
  const first = encodeCanonical(face, read({ ports: [{ port: 1 }], data: { b: '', a: 'x' } }).draft)
  const second = encodeCanonical(face, first.object)
  assert.deepEqual(second.encoded, first.encoded)
})

test('a quantity that is an object with exact integers is refused as any other', () => {
  const schema = struct('io.k8s.test.Quantities', () => ({ size: quantity(1) }))
  assert.throws(
    () => new Normalizer().struct(schema, { size: { a: 9_223_372_036_854_775_807n } }),
    DecodeError,
  )
})
