import * as field from '../field-error.ts'
import type { FieldError } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { goJson } from '../json-text.ts'
import { getOwn, isDictionary } from './own-property.ts'
import type { Json, ListSchema, Schema } from './schema.ts'

/**
 * Items that stand twice in a set, or that have the same keys in a map list, each told once, at
 * its second place.
 */
export function checkUniqueItems(
  schema: Schema,
  value: Json,
  path: FieldPath,
): readonly FieldError[] {
  if (Array.isArray(value)) {
    if (schema.type !== 'list') return []
    const { items } = schema
    const below = value.flatMap((item, at) => checkUniqueItems(items, item, path.index(at)))
    return [...checkList(schema, value, path), ...below]
  }
  if (!isDictionary(value)) return []
  return Object.entries(value).flatMap(([key, part]) => {
    if (schema.type === 'map') return checkUniqueItems(schema.values, part, path.key(key))
    if (schema.type !== 'struct') return []
    const known = getOwn(schema.fields, key)?.spec.schema
    if (known !== undefined) return checkUniqueItems(known, part, path.child(key))
    const additional = schema.structural?.additional
    return additional === undefined ? [] : checkUniqueItems(additional, part, path.key(key))
  })
}

function checkList(
  { listType, keys }: ListSchema,
  items: readonly Json[],
  path: FieldPath,
): readonly FieldError[] {
  if (listType === 'atomic') return []
  if (listType === 'set') return twins(items, path)
  for (const [at, item] of items.entries()) {
    if (item === null || isDictionary(item)) continue
    return [field.invalid(path.index(at), item, 'must be an object for an array of list-type map')]
  }
  const identities = items.map((item): Json => {
    const entries = keys.flatMap((key) => {
      const value = isDictionary(item) ? getOwn(item, key) : undefined
      return value === undefined ? [] : [[key, value] as const]
    })
    return Object.fromEntries(entries)
  })
  return twins(identities, path)
}

function twins(items: readonly Json[], path: FieldPath): readonly FieldError[] {
  const counts = new Map<string, number>()
  return items.flatMap((item, at) => {
    const key = goJson(item)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count === 2 ? [field.duplicate(path.index(at), item)] : []
  })
}
