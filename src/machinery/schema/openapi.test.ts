import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resource } from '../resource.ts'
import {
  boolean,
  int32,
  intOrString,
  item,
  list,
  map,
  pointer,
  quantity,
  raw,
  string,
  struct,
  time,
  value,
} from './builder.ts'
import { encodeOpenApiV2 } from './openapi-v2-protobuf.ts'
import { openApiV2, openApiV3, type OpenApiSource } from './openapi.ts'

const Part = struct(
  'io.test.v1.Part',
  () => ({ name: string(1).emit().required(), kind: string(2).values('B', 'A').default('A') }),
  { mapType: 'atomic', unions: [{ discriminator: 'kind', fields: { name: 'Name' } }] },
)
const Thing = resource({
  name: 'things',
  namespaced: true,
  subresources: {
    status: true,
    scale: {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
    },
    exec: { kind: { group: 'test.io', version: 'v1', kind: 'Exec' }, verbs: ['connect'] },
  },
  faces: [
    {
      group: 'test.io',
      version: 'v1',
      kind: 'Thing',
      schema: struct('io.test.v1.Thing', () => ({
        spec: value(
          struct('io.test.v1.ThingSpec', () => ({
            count: int32(1).keep(),
            on: boolean(2).emit(),
            parts: list(Part, 3).mapBy('name').patch('merge', 'name').required(),
            tags: list(item.string, 4).set(),
            part: pointer(Part, 5).patch('retainKeys'),
            sizes: map(item.quantity, 6),
            limit: quantity(7),
            port: intOrString(8).emit(),
            when: time(9),
            data: raw('io.k8s.apimachinery.pkg.runtime.RawExtension', 10),
          })),
          2,
        ),
      })),
    },
  ],
})

const shared = (name: string) =>
  struct(`io.k8s.apimachinery.pkg.apis.meta.v1.${name}`, () => ({ kind: string(0) }))

const source: OpenApiSource = {
  resources: [Thing],
  subresourceFaces: [
    {
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      schema: struct('io.k8s.api.autoscaling.v1.Scale', () => ({ spec: value(Part, 2) })),
    },
  ],
  shared: {
    status: shared('Status'),
    deleteOptions: shared('DeleteOptions'),
    listMeta: shared('ListMeta'),
    apiResourceList: shared('APIResourceList'),
  },
  version: 'v1.36.0',
}

/** Reads into a document by its keys. */
function at(node: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => Object.entries(Object(value)).find(([name]) => name === key)?.[1],
    node,
  )
}

describe('version 3', () => {
  const document = openApiV3(source, { group: 'test.io', version: 'v1' })
  const schemas = '#/components/schemas/'

  test('describes fields', () => {
    assert.deepEqual(at(document, 'components', 'schemas', 'io.test.v1.ThingSpec'), {
      type: 'object',
      required: ['parts'],
      properties: {
        count: { type: 'integer', format: 'int32' },
        data: { $ref: `${schemas}io.k8s.apimachinery.pkg.runtime.RawExtension` },
        limit: { $ref: `${schemas}io.k8s.apimachinery.pkg.api.resource.Quantity` },
        on: { type: 'boolean', default: false },
        part: {
          allOf: [{ $ref: `${schemas}io.test.v1.Part` }],
          'x-kubernetes-patch-strategy': 'retainKeys',
        },
        parts: {
          type: 'array',
          items: { allOf: [{ $ref: `${schemas}io.test.v1.Part` }], default: {} },
          'x-kubernetes-list-map-keys': ['name'],
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-patch-merge-key': 'name',
          'x-kubernetes-patch-strategy': 'merge',
        },
        port: {
          allOf: [{ $ref: `${schemas}io.k8s.apimachinery.pkg.util.intstr.IntOrString` }],
          default: {},
        },
        sizes: {
          type: 'object',
          additionalProperties: {
            allOf: [{ $ref: `${schemas}io.k8s.apimachinery.pkg.api.resource.Quantity` }],
            default: {},
          },
        },
        tags: {
          type: 'array',
          items: { type: 'string', default: '' },
          'x-kubernetes-list-type': 'set',
        },
        when: { $ref: `${schemas}io.k8s.apimachinery.pkg.apis.meta.v1.Time` },
      },
    })
    assert.deepEqual(at(document, 'components', 'schemas', 'io.test.v1.Part'), {
      type: 'object',
      required: ['name'],
      properties: {
        kind: { type: 'string', enum: ['A', 'B'], default: 'A' },
        name: { type: 'string', default: '' },
      },
      'x-kubernetes-map-type': 'atomic',
      'x-kubernetes-unions': [
        { discriminator: 'kind', 'fields-to-discriminateBy': { name: 'Name' } },
      ],
    })
  })

  test('describes kinds and their lists', () => {
    const kind = { group: 'test.io', kind: 'Thing', version: 'v1' }
    const thing = at(document, 'components', 'schemas', 'io.test.v1.Thing')
    assert.deepEqual(at(thing, 'x-kubernetes-group-version-kind'), [kind])
    assert.deepEqual(Object.keys(Object(at(thing, 'properties'))), [
      'apiVersion',
      'kind',
      'metadata',
      'spec',
    ])
    const things = at(document, 'components', 'schemas', 'io.test.v1.ThingList')
    assert.deepEqual(at(things, 'x-kubernetes-group-version-kind'), [
      { ...kind, kind: 'ThingList' },
    ])
  })

  test('lists the paths', () => {
    const operations = Object.entries(Object(document.paths)).map(
      ([path, node]) => `${path} ${Object.keys(Object(node)).join(' ')}`,
    )
    const base = '/apis/test.io/v1'
    const one = `${base}/namespaces/{namespace}/things/{name}`
    assert.deepEqual(operations, [
      `${base}/ get`,
      `${base}/namespaces/{namespace}/things parameters get post delete`,
      `${one} parameters get put patch delete`,
      `${one}/status parameters get patch put`,
      `${one}/scale parameters get patch put`,
      `${one}/exec parameters get post`,
      `${base}/things get`,
    ])
  })

  test('says by PATCH what can be done', () => {
    const patch = at(
      document,
      'paths',
      '/apis/test.io/v1/namespaces/{namespace}/things/{name}',
      'patch',
    )
    assert.equal(at(patch, 'x-kubernetes-action'), 'patch')
    assert.deepEqual(at(patch, 'x-kubernetes-group-version-kind'), {
      group: 'test.io',
      kind: 'Thing',
      version: 'v1',
    })
    const names = Object.values(Object(at(patch, 'parameters'))).map((node) => at(node, 'name'))
    assert.deepEqual(names, ['dryRun', 'fieldManager', 'fieldValidation', 'pretty', 'force'])
    assert.ok(at(patch, 'requestBody', 'content', 'application/apply-patch+yaml') !== undefined)
  })
})

describe('version 2', () => {
  const document = openApiV2(source)

  test('has bare references and no defaults', () => {
    assert.deepEqual(at(document, 'definitions', 'io.test.v1.ThingSpec', 'properties', 'part'), {
      $ref: '#/definitions/io.test.v1.Part',
      'x-kubernetes-patch-strategy': 'retainKeys',
    })
    assert.ok(!JSON.stringify(document).includes('"default"'))
  })

  test('is written as gnostic’s document', () => {
    const bytes = encodeOpenApiV2({
      swagger: '2.0',
      paths: {
        '/a': {
          patch: {
            parameters: [{ name: 'dryRun', in: 'query', type: 'string' }],
            'x-kubernetes-action': 'patch',
          },
        },
      },
      definitions: { T: { type: 'object', required: ['a'], properties: { a: { $ref: '#/d' } } } },
    })
    // Read back with gnostic once, when this was written.
    const expected = [
      '0a03322e30',
      '424c124a0a022f6112444242421d0a1b12191a17220664727952756e12057175657279',
      '3206737472696e676a210a13782d6b756265726e657465732d616374696f6e120a1208',
      '227061746368220a4a250a230a0154121eb201080a066f626a6563749a010161ca010c',
      '0a0a0a016112050a03232f64',
    ]
    assert.equal(Buffer.from(bytes).toString('hex'), expected.join(''))
  })
})
