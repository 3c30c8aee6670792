import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../resource.ts'
import { int32, item, list, map, pointer, string, struct, value } from './builder.ts'
import { Normalizer } from './decode.ts'
import { setOfFields } from './field-set.ts'
import { managerFromUserAgent, updateManagedFields, type FieldWrite } from './managed-fields.ts'
import type { Json } from './schema.ts'
import { wholeObject } from './whole.ts'

const Item = struct('test.Item', () => ({ name: string(1).emit(), image: string(2) }))
const schema = wholeObject(
  struct('test.Thing', () => ({
    spec: value(
      struct('test.ThingSpec', () => ({
        replicas: int32(1).keep(),
        items: list(Item, 2).orNull().mapBy('name'),
        args: list(item.string, 3),
        selector: map(item.string, 4).atomic(),
        inner: pointer(Item, 5),
      })),
      1,
    ),
    status: value(
      struct('test.ThingStatus', () => ({ ready: int32(1) })),
      2,
    ),
  })),
)

const early = '2026-01-01T00:00:00Z'
const late = '2026-01-02T00:00:00Z'

function object(content: object): KubeObject {
  const given = { apiVersion: 'test/v1', kind: 'Thing', ...content }
  return new Normalizer().struct(schema, given) as unknown as KubeObject
}

function write(
  change: Partial<FieldWrite> & { readonly live?: KubeObject; readonly next: KubeObject },
): KubeObject {
  const managedFields = updateManagedFields({
    schema,
    apiVersion: 'test/v1',
    manager: 'a',
    subresource: '',
    time: early,
    live: undefined,
    ...change,
  })
  return { ...change.next, metadata: { ...change.next.metadata, uid: 'u', managedFields } }
}

/** `manager: fields` for each entry. */
function owners({ metadata }: KubeObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    (metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
  )
}

const spec = {
  replicas: 1,
  items: [{ name: 'b' }, { name: 'a', image: 'i' }],
  args: ['x'],
  selector: { s: '1' },
  inner: { name: 'n' },
}
const metadata = { name: 'x', labels: { l: '1' }, generation: 3 }

describe('a plain write', () => {
  const created = write({ next: object({ metadata, spec }) })

  test('that creates owns what it sets, without what the system owns', () => {
    assert.deepEqual(created.metadata.managedFields, [
      {
        manager: 'a',
        operation: 'Update',
        apiVersion: 'test/v1',
        time: early,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
          'f:spec': {
            'f:args': {},
            'f:inner': { '.': {}, 'f:name': {} },
            'f:items': {
              'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} },
              'k:{"name":"b"}': { '.': {}, 'f:name': {} },
            },
            'f:replicas': {},
            'f:selector': {},
          },
        },
      },
    ])
  })

  test('that changes a field takes it from others, whose time stays', () => {
    const next = object({ metadata, spec: { ...spec, replicas: 2 } })
    const after = write({ live: created, next, manager: 'b', time: late })
    assert.deepEqual(owners(after).b, { 'f:spec': { 'f:replicas': {} } })
    assert.ok(!JSON.stringify(owners(after).a).includes('f:replicas'))
    const times = after.metadata.managedFields?.map(({ time }) => time)
    assert.deepEqual(times, [early, late])
  })

  test('that removes a field takes it from all and owns nothing', () => {
    const next = object({ metadata, spec: { ...spec, items: [{ name: 'b' }], inner: undefined } })
    const after = write({ live: created, next, manager: 'b', time: late })
    assert.deepEqual(Object.keys(owners(after)), ['a'])
    assert.deepEqual(owners(after).a, {
      'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
      'f:spec': {
        'f:args': {},
        'f:items': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} } },
        'f:replicas': {},
        'f:selector': {},
      },
    })
  })

  test('that changes nothing leaves the list itself', () => {
    const next = object({ metadata, spec: { ...spec, items: spec.items.toReversed() } })
    const after = write({ live: created, next, manager: 'b', time: late })
    assert.equal(after.metadata.managedFields, created.metadata.managedFields)
  })

  test('joins what its manager had', () => {
    const next = object({ metadata, spec: { ...spec, replicas: 2 } })
    const after = write({ live: created, next, time: late })
    assert.deepEqual(owners(after), owners(created))
    assert.equal(after.metadata.managedFields?.[0]?.time, late)
  })

  test('neither gains nor loses what it resets', () => {
    const next = object({ metadata, spec: { ...spec, replicas: 2 }, status: { ready: 1 } })
    const reset = setOfFields([['spec']])
    const after = write({ live: created, next, manager: 'b', subresource: 'status', reset })
    assert.deepEqual(owners(after), { ...owners(created), b: { 'f:status': { 'f:ready': {} } } })
    assert.equal(after.metadata.managedFields?.[1]?.subresource, 'status')
  })

  test('may bring its own managedFields, or start anew', () => {
    const [entry] = created.metadata.managedFields ?? []
    const bring = (managedFields: readonly object[]) =>
      write({
        live: created,
        next: object({ metadata: { ...metadata, managedFields }, spec: { ...spec, replicas: 2 } }),
        manager: 'b',
      })
    assert.deepEqual(Object.keys(owners(bring([{}]))), [])
    assert.deepEqual(Object.keys(owners(bring([{ ...entry, manager: 'c' }]))), ['b', 'c'])
    assert.deepEqual(Object.keys(owners(bring([{ operation: 'Other' }]))), ['a', 'b'])
  })

  test('does not start to track an object that is not tracked', () => {
    const live = object({ metadata, spec })
    const after = write({ live, next: object({ metadata, spec: { replicas: 5 } }) })
    assert.deepEqual(after.metadata.managedFields, [])
  })
})

test('entries of versions no longer served go, those of others are compared in their version', () => {
  const created = write({ next: object({ metadata, spec }) })
  const next = object({ metadata, spec: { ...spec, replicas: 2 } })
  const obsolete = write({ live: created, next, apiVersion: 'test/v2', manager: 'b' })
  assert.deepEqual(Object.keys(owners(obsolete)), ['b'])
  const versions = { schemaOf: () => schema, convert: (json: Json) => json }
  const served = write({ live: created, next, apiVersion: 'test/v2', manager: 'b', versions })
  assert.deepEqual(Object.keys(owners(served)), ['a', 'b'])
  assert.ok(!JSON.stringify(owners(served).a).includes('f:replicas'))
})

test('no more than ten updates are listed: the oldest become ancient-changes', () => {
  let live = write({ next: object({ metadata, spec: {} }), manager: 'm00' })
  const labels: Record<string, string> = { l: '1' }
  for (let at = 1; at < 14; at++) {
    const name = String(at).padStart(2, '0')
    labels[name] = name
    const time = `2026-01-01T00:00:${name}Z`
    const next = object({ metadata: { ...metadata, labels: { ...labels } } })
    live = write({ live, next, manager: `m${name}`, time })
  }
  const names = live.metadata.managedFields?.map(({ manager }) => manager)
  assert.deepEqual(names, [
    'ancient-changes',
    ...['05', '06', '07', '08', '09', '10', '11', '12', '13'].map((name) => `m${name}`),
  ])
  assert.deepEqual(owners(live)['ancient-changes'], {
    'f:metadata': {
      'f:labels': { '.': {}, 'f:01': {}, 'f:02': {}, 'f:03': {}, 'f:04': {}, 'f:l': {} },
    },
  })
})

test('the manager of a request without one is its product', () => {
  assert.equal(managerFromUserAgent('kubectl/v1.33.0 (linux/amd64)'), 'kubectl')
  assert.equal(managerFromUserAgent('Mozilla'), 'Mozilla')
  assert.equal(managerFromUserAgent(''), '')
  assert.equal(managerFromUserAgent('a\u0000b/1'), 'ab')
  assert.equal(managerFromUserAgent('é'.repeat(80)), 'é'.repeat(64))
})
