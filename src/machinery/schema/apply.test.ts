import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../resource.ts'
import { StatusError } from '../status.ts'
import { applyPatch, type ApplyRequest } from './apply.ts'
import { int32, item, list, map, string, struct, value } from './builder.ts'
import { Normalizer } from './decode.ts'
import { updateManagedFields } from './managed-fields.ts'
import type { Json } from './schema.ts'
import { structuralSchema } from './structural.ts'
import { wholeObject } from './whole.ts'

const Port = struct('test.Port', () => ({
  port: int32(1).emit(),
  protocol: string(2).default('TCP'),
  name: string(3),
}))
const schema = wholeObject(
  struct('test.Thing', () => ({
    spec: value(
      struct('test.ThingSpec', () => ({
        replicas: int32(1).keep(),
        ports: list(Port, 2).mapBy('port', 'protocol'),
        args: list(item.string, 3),
        tags: list(item.string, 4).set(),
      })),
      1,
    ),
    data: map(item.string, 2),
  })),
)

const head = { apiVersion: 'test/v1', kind: 'Thing', metadata: { name: 'x', namespace: 'ns' } }
const time = '2026-01-01T00:00:00Z'
const later = '2026-01-02T00:00:00Z'

function request(change: Partial<ApplyRequest>): ApplyRequest {
  return {
    schema,
    apiVersion: 'test/v1',
    manager: 'a',
    subresource: '',
    time,
    live: undefined,
    applied: head,
    force: false,
    ...change,
  }
}

function stored(object: Json, managedFields: unknown): KubeObject {
  const made = new Normalizer().struct(schema, object) as unknown as KubeObject
  return { ...made, metadata: { ...made.metadata, uid: 'u', managedFields } } as KubeObject
}

/** Applies and gives back the object as it would be stored. */
function apply(content: object, change: Partial<ApplyRequest> = {}): KubeObject {
  const result = applyPatch(request({ applied: { ...head, ...content }, ...change }))
  if (!result.ok) throw result.conflicts
  return stored(result.object, result.managedFields)
}

function update(content: object, manager: string, live?: KubeObject): KubeObject {
  const next = stored({ ...head, ...content }, undefined)
  const write = { schema, apiVersion: 'test/v1', manager, subresource: '', time }
  return stored(next as unknown as Json, updateManagedFields({ ...write, live, next }))
}

function content(object: KubeObject): object {
  const { apiVersion: _, kind: __, metadata: ___, ...rest } = object
  return rest
}

describe('server-side apply', () => {
  test('creates', () => {
    const created = apply({ spec: { replicas: 1, ports: [{ port: 80 }] }, data: { a: '1' } })
    assert.deepEqual(content(created), {
      spec: { replicas: 1, ports: [{ port: 80 }] },
      data: { a: '1' },
    })
    assert.deepEqual(created.metadata.managedFields, [
      {
        manager: 'a',
        operation: 'Apply',
        apiVersion: 'test/v1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:data': { 'f:a': {} },
          'f:spec': {
            'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } },
            'f:replicas': {},
          },
        },
      },
    ])
  })

  test('merges, and removes what it applied before and nobody else owns', () => {
    const created = apply({ data: { a: '1', b: '1' }, spec: { tags: ['x', 'y'] } })
    const shared = apply({ data: { b: '1' } }, { live: created, manager: 'b' })
    const updated = update({ ...content(shared), data: { a: '1', b: '1', c: '1' } }, 'u', shared)
    const after = apply({ spec: { tags: ['z', 'y'] } }, { live: updated })
    assert.deepEqual(content(after), { spec: { tags: ['z', 'y'] }, data: { b: '1', c: '1' } })
  })

  test('keeps the place of items it does not know', () => {
    const live = update({ spec: { tags: ['a', 'b', 'c', 'd'] } }, 'u')
    const after = apply({ spec: { tags: ['e', 'd', 'b'] } }, { live })
    assert.deepEqual(content(after), { spec: { tags: ['a', 'c', 'e', 'd', 'b'] } })
  })

  test('that changes nothing keeps object and time', () => {
    const created = apply({ data: { a: '1' } })
    const again = apply({ data: { a: '1' } }, { live: created, time: later })
    assert.deepEqual(again, created)
    assert.equal(again.metadata.managedFields, created.metadata.managedFields)
  })

  test('of the same values shares them without conflict', () => {
    const created = apply({ data: { a: '1' } })
    const other = apply({ data: { a: '1' } }, { live: created, manager: 'b' })
    assert.equal(other.metadata.managedFields?.length, 2)
  })

  test('gives what was there before managedFields to before-first-apply', () => {
    const live = stored({ ...head, data: { a: '1' } }, undefined)
    const after = apply({ data: { b: '1' } }, { live })
    assert.deepEqual(
      after.metadata.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
      [
        ['a', { 'f:data': { 'f:b': {} } }],
        ['before-first-apply', { 'f:data': { '.': {}, 'f:a': {} } }],
      ],
    )
  })
})

describe('conflicts', () => {
  const live = update({ spec: { replicas: 1 }, data: { a: '1' } }, 'kube-controller-manager')

  test('one', () => {
    const result = applyPatch(request({ live, applied: { ...head, data: { a: '2' } } }))
    assert.ok(!result.ok)
    assert.deepEqual(result.conflicts.status, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'Apply failed with 1 conflict: conflict with "kube-controller-manager" using test/v1: .data.a',
      reason: 'Conflict',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kube-controller-manager" using test/v1',
            field: '.data.a',
          },
        ],
      },
      code: 409,
    })
  })

  test('several', () => {
    const applied = { ...head, spec: { replicas: 2 }, data: { a: '2' } }
    const result = applyPatch(request({ live, applied }))
    assert.ok(!result.ok)
    assert.equal(
      result.conflicts.message,
      'Apply failed with 2 conflicts: conflicts with "kube-controller-manager" using test/v1:\n- .data.a\n- .spec.replicas',
    )
  })

  test('are overridden by force', () => {
    const after = apply({ data: { a: '2' } }, { live, force: true })
    assert.deepEqual(content(after), { spec: { replicas: 1 }, data: { a: '2' } })
    const other = after.metadata.managedFields?.find(({ operation }) => operation === 'Update')
    assert.deepEqual(other?.fieldsV1, {
      'f:data': {},
      'f:spec': { 'f:replicas': {} },
    })
  })

  test('with what kubectl applied on the client’s side are none for kubectl', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
    const lastApplied = JSON.stringify({ ...head, data: { a: '1' } })
    const metadata = { ...head.metadata, annotations: { [annotation]: lastApplied } }
    const live = update({ metadata, data: { a: '1' } }, 'kubectl-client-side-apply')
    const after = apply({ data: { a: '2' } }, { live, manager: 'kubectl' })
    assert.deepEqual(content(after), { spec: {}, data: { a: '2' } })
    assert.deepEqual(JSON.parse(after.metadata.annotations?.[annotation] ?? ''), {
      ...head,
      data: { a: '2' },
    })
    const result = applyPatch(request({ live, applied: { ...head, data: { a: '2' } } }))
    assert.ok(!result.ok)
  })
})

describe('custom resources', () => {
  const document = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          plain: { type: 'array', items: { type: 'string' } },
          keyed: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: {
              type: 'object',
              properties: { name: { type: 'string' }, kind: { type: 'string', default: 'A' } },
            },
          },
        },
      },
    },
  }
  const custom = wholeObject(structuralSchema(document))
  const content = {
    spec: { free: { a: { b: 1 }, l: [1] }, plain: ['x'], keyed: [{ name: 'n' }] },
  }

  test('are owned by their schema, unknown parts by their fields', () => {
    const applied = { ...head, ...content }
    const result = applyPatch(request({ schema: custom, applied }))
    assert.ok(result.ok)
    assert.deepEqual(result.managedFields[0]?.fieldsV1, {
      'f:spec': {
        'f:free': { 'f:a': { '.': {}, 'f:b': {} }, 'f:l': {} },
        'f:keyed': { 'k:{"name":"n"}': { '.': {}, 'f:name': {} } },
        'f:plain': {},
      },
    })
  })

  test('own a part as one when its schema becomes atomic', () => {
    const spec = { labels: { a: '1' } }
    const schemaWith = (mapType: string) => {
      const labels = {
        type: 'object',
        additionalProperties: { type: 'string' },
        'x-kubernetes-map-type': mapType,
      }
      const properties = { spec: { type: 'object', properties: { labels } } }
      return wholeObject(structuralSchema({ type: 'object', properties }))
    }
    const applied = { ...head, spec }
    const before = applyPatch(request({ schema: schemaWith('granular'), applied }))
    assert.ok(before.ok)
    const live = {
      ...head,
      spec,
      metadata: { ...head.metadata, managedFields: before.managedFields },
    }
    const changed = { ...head, spec: { labels: { a: '2' } } }
    const write = { schema: schemaWith('atomic'), live, applied: changed, manager: 'b' }
    const after = applyPatch(request(write))
    assert.ok(!after.ok)
    assert.equal(after.conflicts.status.details?.causes?.[0]?.field, '.spec.labels')
  })

  test('refuse what their schema does not have', () => {
    const applied = { ...head, spec: { other: 1 } }
    assert.throws(() => applyPatch(request({ schema: custom, applied })), /field not declared/)
  })
})

test('an apply onto items without a key, which a plain write left there, is refused', () => {
  const keyless = wholeObject(
    struct('test.Keyless', () => ({
      items: list(
        struct('test.Item', () => ({ name: string(1) })),
        1,
      ).mapBy('name'),
    })),
  )
  const live = new Normalizer().struct(keyless, { ...head, items: [{}] }) as unknown as KubeObject
  assert.throws(() => applyPatch(request({ schema: keyless, live })), { code: 400 })
})

describe('refuses', () => {
  const typed = 'failed to create typed patch object (ns/x; test/v1, Kind=Thing): '
  const rows: readonly (readonly [object, string])[] = [
    [
      { apiVersion: 'test/v2' },
      'Incorrect version specified in apply patch. Specified patch version: test/v2, expected: test/v1',
    ],
    [{ metadata: { managedFields: [{ manager: 'a' }] } }, 'metadata.managedFields must be nil'],
    [{ spec: { unknown: 1 } }, `${typed}.spec.unknown: field not declared in schema`],
    [
      { spec: { ports: [{ port: 1 }, { port: 1, protocol: 'TCP' }] } },
      `${typed}.spec.ports: duplicate entries for key [port=1,protocol="TCP"]`,
    ],
    [
      { spec: { unknown: 1, other: 2 } },
      `${typed}errors:\n  .spec.unknown: field not declared in schema\n  .spec.other: field not declared in schema`,
    ],
  ]
  for (const [change, message] of rows) {
    test(message, () => {
      assert.throws(
        () => applyPatch(request({ applied: { ...head, ...change } })),
        (error) => error instanceof StatusError && error.message === message,
      )
    })
  }
})
