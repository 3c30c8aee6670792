import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseTime } from '#base'
import { formatFieldError } from '../field-error.ts'
import { FieldPath } from '../field-path.ts'
import type { KubeObject, StrategyContext } from '../resource.ts'
import { resourceFromDocument, type DocumentedVersion } from './custom-resource.ts'
import { Normalizer } from './decode.ts'
import { applyDefaults } from './defaults.ts'
import { selectPath } from './path-expression.ts'
import type { Json } from './schema.ts'
import { stringFormat } from './string-formats.ts'
import { checkKeywords } from './structural-keywords.ts'
import { checkStructural } from './structural-rules.ts'
import { structuralSchema } from './structural.ts'
import { wholeObject } from './whole.ts'

type Document = { readonly [key: string]: Json }

function messages(document: Document, value: Json): readonly string[] {
  return checkKeywords({ type: 'object', properties: { a: document } }, { a: value }).map(
    formatFieldError,
  )
}

describe('keywords', () => {
  const rows: readonly (readonly [Document, Json, ...string[]])[] = [
    [{ type: 'integer' }, 1],
    [
      { type: 'integer' },
      'x',
      'a: Invalid value: "string": a in body must be of type integer: "string"',
    ],
    [
      { type: 'string' },
      null,
      'a: Invalid value: "null": a in body must be of type string: "null"',
    ],
    [{ type: 'string', nullable: true }, null],
    [{ 'x-kubernetes-int-or-string': true }, 'x'],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      'a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"',
    ],
    [
      { type: 'integer', format: 'int32' },
      2 ** 31,
      '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a',
    ],
    [
      { type: 'integer', maximum: 3 },
      4,
      'a: Invalid value: 4: a in body should be less than or equal to 3',
    ],
    [
      { type: 'integer', minimum: 3, exclusiveMinimum: true },
      3,
      'a: Invalid value: 3: a in body should be greater than 3',
    ],
    [
      { type: 'integer', multipleOf: 3 },
      4,
      'a: Invalid value: 4: a in body should be a multiple of 3',
    ],
    [{ type: 'string', maxLength: 2 }, 'abc', 'a: Too long: may not be more than 2 bytes'],
    [
      { type: 'string', minLength: 2 },
      'é',
      'a: Invalid value: "é": a in body should be at least 2 chars long',
    ],
    [
      { type: 'string', pattern: '^b+$' },
      'abc',
      `a: Invalid value: "abc": a in body should match '^b+$'`,
    ],
    [
      { type: 'string', enum: ['x', 'y'] },
      'z',
      'a: Unsupported value: "z": supported values: "x", "y"',
    ],
    [
      { type: 'string', format: 'ipv4' },
      '1.2.3',
      'a: Invalid value: "1.2.3": a in body must be of type ipv4: "1.2.3"',
    ],
    [{ type: 'string', format: 'whatever' }, 'x'],
    [
      { type: 'array', items: { type: 'integer' }, maxItems: 1, minItems: 1 },
      [1, 'x'],
      'a[1]: Invalid value: "string": a[1] in body must be of type integer: "string"',
      'a: Too many: 2: must have at most 1 item',
    ],
    [
      { type: 'array', minItems: 1 },
      [],
      'a: Invalid value: 0: a in body should have at least 1 items',
    ],
    [
      { type: 'object', required: ['b'], properties: { c: { type: 'string' } }, minProperties: 2 },
      { c: 1 },
      'a: Invalid value: 1: a in body should have at least 2 properties',
      'a.c: Invalid value: "integer": a.c in body must be of type string: "integer"',
      'a.b: Required value',
    ],
    [
      { type: 'object', additionalProperties: { type: 'string' } },
      JSON.parse('{"__proto__":1}'),
      'a.__proto__: Invalid value: "integer": a.__proto__ in body must be of type string: "integer"',
    ],
    [
      { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      3,
      '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    [
      { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 2 }] },
      3,
      '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
      'a: Invalid value: 3: a in body should be greater than or equal to 5',
    ],
    [
      { type: 'integer', not: { minimum: 1 } },
      3,
      '<nil>: Invalid value: "": "a" must not validate the schema (not)',
    ],
  ]
  for (const [document, value, ...expected] of rows) {
    test(`${JSON.stringify(document)} of ${JSON.stringify(value)}`, () => {
      assert.deepEqual(messages(document, value), expected)
    })
  }
})

describe('a structural schema', () => {
  const rows: readonly (readonly [Document, ...string[]])[] = [
    [{ type: 'object', properties: { a: { type: 'string' } } }],
    [{}, 's.type: Required value: must not be empty at the root'],
    [{ type: 'string' }, 's.type: Invalid value: "string": must be object at the root'],
    [
      { type: 'object', properties: { a: {} } },
      's.properties[a].type: Required value: must not be empty for specified object fields',
    ],
    [
      { type: 'object', properties: { a: { type: 'array' } } },
      's.properties[a].items: Required value: must be specified',
    ],
    [
      { type: 'object', properties: { a: { type: 'string', pattern: '(' } } },
      's.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: ',
    ],
    [
      { type: 'object', anyOf: [{ properties: { a: { type: 'string' } } }] },
      's.anyOf[0].properties[a].type: Forbidden: must be empty to be structural',
      's.properties[a]: Required value: because it is defined in s.anyOf[0].properties[a]',
    ],
    [
      { type: 'object', properties: { a: { type: 'integer', default: 'x' } } },
      's.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"',
    ],
    [
      { type: 'object', properties: { a: { $ref: '#/x' } } },
      's.properties[a].$ref: Forbidden: $ref is not supported',
    ],
    [
      {
        type: 'object',
        properties: {
          a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
        },
      },
      's.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
    ],
    [
      { type: 'object', properties: { metadata: { type: 'object', description: 'x' } } },
      's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
    ],
  ]
  for (const [document, ...expected] of rows) {
    test(JSON.stringify(document), () => {
      const found = checkStructural(document, FieldPath.root('s')).map(formatFieldError)
      assert.equal(found.length, expected.length)
      for (const [at, message] of expected.entries()) {
        assert.ok(found[at]?.startsWith(message), `${found[at]} is not ${message}`)
      }
    })
  }
})

describe('a kind from a document', () => {
  const version: DocumentedVersion = {
    name: 'v1',
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          apiVersion: { type: 'string' },
          spec: {
            type: 'object',
            required: ['size'],
            properties: {
              size: { type: 'integer', default: 1, maximum: 3 },
              parts: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
                items: { type: 'object', properties: { name: { type: 'string' } } },
              },
              any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    },
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
    },
    additionalPrinterColumns: [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Born', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    selectableFields: [{ jsonPath: '.spec.size' }],
  }
  const Foo = resourceFromDocument({
    group: 'example.com',
    names: { plural: 'foos', kind: 'Foo', shortNames: ['fo'] },
    scope: 'Namespaced',
    versions: [
      { name: 'v2', served: true, storage: false },
      version,
      { name: 'v0', served: false, storage: false },
    ],
  })
  const context: StrategyContext = {
    nowMs: parseTime('2026-01-02T00:00:00Z') ?? 0,
    subresource: '',
    user: { name: 'u', uid: '', groups: [], extra: {} },
  }
  const object = (spec: object): KubeObject => {
    const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' }
    return Object.assign({ apiVersion: 'example.com/v1', kind: 'Foo', metadata }, { spec })
  }

  test('is a resource like any other', () => {
    assert.deepEqual(
      Foo.faces.map(({ version }) => version),
      ['v1', 'v2'],
    )
    assert.equal(Foo.storagePath, 'example.com/foos')
    assert.equal(Foo.singularName, 'foo')
    assert.deepEqual(Object.keys(Foo.subresources), ['status', 'scale'])
    assert.deepEqual(
      Foo.columns.map((column) => column.value(object({ size: 2 }), context)),
      ['x', 2, '24h'],
    )
    assert.equal(Foo.selectableFields[0]?.value(object({ size: 2 })), '2')
  })

  test('is pruned and defaulted', () => {
    const normalizer = new Normalizer()
    const schema = wholeObject(Foo.faces[0].schema)
    const draft = normalizer.struct(schema, object({ unknown: 1, any: { kept: 1 } }))
    applyDefaults(schema, draft)
    assert.deepEqual(draft.spec, { size: 1, any: { kept: 1 } })
    assert.deepEqual(normalizer.problems, ['unknown field "spec.unknown"'])
  })

  test('is validated', () => {
    const wrong = object({ size: 4, parts: [{ name: 'a' }, { name: 'a' }] })
    assert.deepEqual(Foo.validate?.(wrong, context).map(formatFieldError), [
      'spec.size: Invalid value: 4: spec.size in body should be less than or equal to 3',
      'spec.parts[1]: Duplicate value: {"name":"a"}',
    ])
    assert.deepEqual(Foo.validate?.(object({ size: -1 }), context).map(formatFieldError), [
      '.spec.size: Invalid value: -1: should be a non-negative integer',
    ])
  })

  test('does not hold against an object what was wrong before', () => {
    const wrong = object({ size: 4 })
    const errors = Foo.validateUpdate?.(object({ size: 4, any: {} }), wrong, context)
    assert.deepEqual(errors, [])
    const worse = Foo.validateUpdate?.(object({ size: 5 }), wrong, context) ?? []
    assert.equal(worse.length, 1)
  })

  test('without a schema keeps everything', () => {
    const schema = wholeObject(Foo.faces[1]?.schema ?? structuralSchema({}))
    const draft = new Normalizer().struct(schema, object({ unknown: 1 }))
    assert.deepEqual(draft.spec, { unknown: 1 })
  })
})

test('paths select', () => {
  const value = {
    a: [
      { t: 'x', v: 1 },
      { t: 'y', v: 2 },
    ],
    'b.c': { d: null },
    e: { 'f/g': 3 },
  }
  const rows: readonly (readonly [string, readonly Json[]])[] = [
    ['.a[0].v', [1]],
    ['.a[-1].v', [2]],
    ['.a[*].v', [1, 2]],
    ['.a[?(@.t=="y")].v', [2]],
    [`.a[?(@.t=='y')].v`, [2]],
    [`.e['f/g']`, [3]],
    ['.b\\.c.d', [null]],
    ['.missing.x', []],
    ['.constructor', []],
    ['{nonsense', []],
  ]
  for (const [path, expected] of rows) assert.deepEqual(selectPath(path, value), expected, path)
})

test('formats', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['date', '2024-02-29', '2023-02-29'],
    ['date-time', '2024-02-29T00:00:00Z', 'yesterday'],
    ['ipv6', '::1', '1.2.3.4'],
    ['cidr', '10.0.0.0/8', '10.0.0.0'],
    ['mac', '00:00:5e:00:53:01', '00:00:5e:00:53'],
    ['uuid4', '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', '9b1deb4d-3b7d-1bad-9bdd-2b0d7b3dcb6d'],
    ['byte', 'YQ==', 'YQ='],
    ['isbn', '978-0321751041', '978-0321751042'],
    ['hexcolor', '#FFFFFF', '#FFFF'],
    ['email', 'a@b.c', 'a.b.c'],
    ['k8s-short-name', 'a-b', 'A'],
  ]
  for (const [format, good, bad] of rows) {
    assert.equal(stringFormat(format)?.(good), true, `${format} ${good}`)
    assert.equal(stringFormat(format)?.(bad), false, `${format} ${bad}`)
  }
})
