import { ObjectMeta } from '../object-meta.ts'
import { list, string, value } from './builder.ts'
import type { Fields, StructSchema } from './schema.ts'

const known = new WeakMap<StructSchema, StructSchema>()

const typeMeta: Fields = { kind: string(0), apiVersion: string(0) }

/**
 * The schema of the whole object a face serves: its own schema describes what stands beside
 * TypeMeta and metadata, and this adds those two, in Go's order. The same schema gives the same
 * result each time, so results can key caches.
 */
export function wholeObject(schema: StructSchema): StructSchema {
  const before = known.get(schema)
  if (before !== undefined) return before
  let fields: Fields | undefined
  const whole: StructSchema = {
    type: 'struct',
    name: schema.name,
    get fields() {
      return (fields ??= { ...typeMeta, metadata: value(ObjectMeta, 1), ...schema.fields })
    },
    mapType: schema.mapType,
    unions: schema.unions,
    defaults: schema.defaults,
    structural: schema.structural,
  }
  known.set(schema, whole)
  return whole
}

const lists = new WeakMap<StructSchema, StructSchema>()

/** The schema of a list of the objects a face serves. `listMeta` is the type of its metadata. */
export function wholeList(schema: StructSchema, listMeta: StructSchema): StructSchema {
  const before = lists.get(schema)
  if (before !== undefined) return before
  const fields: Fields = {
    ...typeMeta,
    metadata: value(listMeta, 1),
    items: list(wholeObject(schema), 2).orNull().required(),
  }
  const made: StructSchema = {
    type: 'struct',
    name: schema.name === '' ? '' : `${schema.name}List`,
    fields,
    mapType: 'granular',
  }
  lists.set(schema, made)
  return made
}
