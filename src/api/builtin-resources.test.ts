import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Json, Schema, StructSchema } from '#machinery'
import { storagePrefix } from '#machinery'
import { builtinResources, subresourceFaces } from './builtin-resources.ts'

suite('built-in resources', () => {
  const structs = allStructs()

  test('no field shares its protobuf number with another of its message', () => {
    for (const struct of structs) {
      const taken = new Map<string, string>()
      for (const [name, { spec }] of Object.entries(struct.fields)) {
        if (spec.proto === 0) continue
        const number = `${spec.protoInline}.${spec.protoInlineInner ?? 0}.${spec.proto}`
        assert.equal(taken.get(number), undefined, `${struct.name}.${name}`)
        assert.notEqual(taken.get(`0.0.${spec.protoInline}`), name, `${struct.name}.${name}`)
        taken.set(number, name)
      }
    }
  })

  test('the keys of lists are scalar fields of their items', () => {
    for (const struct of structs) {
      for (const [name, { spec }] of Object.entries(struct.fields)) {
        if (spec.schema.type !== 'list') continue
        const { listType, keys, items } = spec.schema
        assert.equal(listType === 'map', keys.length > 0, `${struct.name}.${name}`)
        for (const key of keys) {
          assert.ok(items.type === 'struct', `${struct.name}.${name}`)
          assert.ok(Object.hasOwn(items.fields, key), `${struct.name}.${name}: ${key}`)
        }
      }
    }
  })

  test('defaults have the type of their field', () => {
    for (const struct of structs) {
      for (const [name, { spec }] of Object.entries(struct.fields)) {
        if (spec.default !== undefined) {
          assert.ok(fits(spec.schema, spec.default), `${struct.name}.${name}`)
        }
      }
    }
  })

  test('each storage path belongs to one resource', () => {
    const stored = builtinResources.filter((resource) => resource.verbs.has('get'))
    assert.equal(new Set(stored.map(storagePrefix)).size, stored.length)
  })

  test('each kind and each name of a group is there once', () => {
    const kinds = builtinResources.flatMap((resource) =>
      resource.faces.map((face) => `${face.group}/${face.version}/${face.kind}`),
    )
    assert.equal(kinds.length, 68)
    assert.equal(new Set(kinds).size, 68)
    const names = builtinResources.flatMap((resource) =>
      resource.faces.map((face) => `${face.group}/${face.version}/${resource.name}`),
    )
    assert.equal(new Set(names).size, 68)
  })

  test('short names are unique', () => {
    const names = builtinResources.flatMap((resource) => resource.shortNames)
    assert.equal(new Set(names).size, names.length)
  })

  test('the first column is the name, where there are columns', () => {
    for (const { name, columns } of builtinResources) {
      if (columns.length === 0 || name === 'events') continue
      assert.equal(columns[0]?.name, 'Name', name)
      assert.equal(new Set(columns.map((column) => column.name)).size, columns.length, name)
    }
  })
})

function allStructs(): ReadonlySet<StructSchema> {
  const found = new Set<StructSchema>()
  const visit = (schema: Schema): void => {
    if (schema.type === 'list') visit(schema.items)
    if (schema.type === 'map') visit(schema.values)
    if (schema.type === 'either') for (const option of schema.options) visit(option())
    if (schema.type !== 'struct' || found.has(schema)) return
    found.add(schema)
    for (const { spec } of Object.values(schema.fields)) visit(spec.schema)
  }
  for (const resource of builtinResources) resource.faces.forEach((face) => visit(face.schema))
  for (const face of subresourceFaces) visit(face.schema)
  return found
}

function fits(schema: Schema, value: Json): boolean {
  const { type } = schema
  if (type === 'string') {
    return typeof value === 'string' && (schema.values?.includes(value) ?? true)
  }
  if (type === 'boolean') return typeof value === 'boolean'
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'intOrString') return typeof value === 'string' || Number.isInteger(value)
  if (type === 'list') return Array.isArray(value)
  return type === 'struct' && typeof value === 'object' && Object.keys(value ?? []).length === 0
}
