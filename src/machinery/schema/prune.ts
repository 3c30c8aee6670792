import { elementOf, fieldSetOf, isEmpty, isNamed, partSchema } from './compare.ts'
import {
  below,
  difference,
  emptySet,
  fieldElement,
  hasPath,
  intersection,
  isEmptySet,
  isMember,
  setOf,
  union,
  withSelf,
  type FieldSet,
} from './field-set.ts'
import type { FieldWrite, Owners, Ownership } from './managed-fields.ts'
import { isDictionary, setOwn } from './own-property.ts'
import type { Json, Schema, StructSchema } from './schema.ts'

/**
 * Removes what the manager applied last, does not apply now, and no other manager owns. Parts that
 * nobody owns stay unless the manager itself had applied them.
 */
export function prune(request: FieldWrite, merged: Json, owners: Owners, last: Ownership): Json {
  const { apiVersion, versions } = request
  const schemaAt = (version: string): StructSchema | undefined =>
    version === apiVersion ? request.schema : versions?.schemaOf(version)
  const move = (object: Json, from: string, to: string): Json =>
    from === to || versions === undefined ? object : versions.convert(object, from, to)
  const schema = schemaAt(last.apiVersion)
  if (schema === undefined || isEmptySet(last.fields)) return merged
  const source = move(merged, apiVersion, last.apiVersion)
  let pruned = removeFields(schema, source, withNamedFields(schema, last.fields)) ?? {}
  let at = last.apiVersion
  for (const [version, owned] of ownedByVersion(owners, last.apiVersion)) {
    const versionSchema = schemaAt(version)
    if (versionSchema === undefined) continue
    const whole = move(merged, apiVersion, version)
    const part = move(pruned, at, version)
    const named = (set: FieldSet) => withNamedFields(versionSchema, set)
    const kept = union(named(fieldSetOf(versionSchema, part)), named(owned))
    const gone = difference(named(fieldSetOf(versionSchema, whole)), kept)
    pruned = removeFields(versionSchema, whole, gone) ?? {}
    at = version
  }
  const left = move(pruned, at, last.apiVersion)
  const named = (set: FieldSet) => withNamedFields(schema, set)
  const gone = difference(named(fieldSetOf(schema, source)), named(fieldSetOf(schema, left)))
  const result = removeFields(schema, source, intersection(gone, named(last.fields))) ?? {}
  return move(result, last.apiVersion, apiVersion)
}

/** What all managers own together, by version, one version first. */
function ownedByVersion(owners: Owners, first: string): ReadonlyMap<string, FieldSet> {
  const owned = new Map<string, FieldSet>([[first, emptySet]])
  for (const { apiVersion, fields } of owners.values()) {
    owned.set(apiVersion, union(owned.get(apiVersion) ?? emptySet, fields))
  }
  return owned
}

/** Adds the struct fields that lead to fields in the set, which are not in it by themselves. */
function withNamedFields(schema: Schema, set: FieldSet): FieldSet {
  const parts = Object.entries(set).map(([element, node]): [string, FieldSet] => {
    const children = below(node)
    if (isEmptySet(children) || element === '.') return [element, node]
    const part = schemaBelow(schema, element)
    const named = withNamedFields(part, children)
    const member = isMember(node) || (element.startsWith('f:') && isNamed(schema, element.slice(2)))
    return [element, member ? withSelf(named) : named]
  })
  return setOf(parts)
}

function schemaBelow(schema: Schema, element: string): Schema {
  if (element.startsWith('f:')) return partSchema(schema, element.slice(2))
  return schema.type === 'list' ? schema.items : schema
}

/**
 * The value without the fields of a set; undefined when nothing is left. Structs keep parts that
 * became empty as null, so that they do not count as removed.
 */
function removeFields(schema: Schema, value: Json, gone: FieldSet): Json | undefined {
  if (isEmptySet(gone)) return value
  if (Array.isArray(value)) {
    if (schema.type !== 'list' || schema.listType === 'atomic') return undefined
    const items = value.flatMap((item, at) => {
      const element = elementOf(schema, item, at)
      if (hasPath(gone, [element])) return []
      const rest = removeFields(schema.items, item, below(gone[element] ?? emptySet))
      return rest === undefined ? [] : [rest]
    })
    return items.length === 0 ? undefined : items
  }
  if (!isDictionary(value)) return value
  if ((schema.type === 'struct' || schema.type === 'map') && schema.mapType === 'atomic') {
    return undefined
  }
  const draft: Record<string, Json> = {}
  for (const [key, part] of Object.entries(value)) {
    const element = fieldElement(key)
    if (hasPath(gone, [element])) continue
    const rest = removeFields(partSchema(schema, key), part, below(gone[element] ?? emptySet))
    setOwn(draft, key, rest ?? null)
  }
  return isEmpty(draft) ? undefined : draft
}
