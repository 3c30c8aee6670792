import { partSchema } from './compare.ts'
import { below, isEmptySet, leaf, setOf, type FieldSet } from './field-set.ts'
import type { Schema } from './schema.ts'

/**
 * A set from before its schema changed: where a struct, map or list has become atomic, whoever
 * owned parts of it owns the whole. (What became granular is taken as if it always had been.)
 */
export function reconcileFields(schema: Schema, set: FieldSet): FieldSet {
  let changed = false
  const parts = Object.entries(set).map(([element, node]): [string, FieldSet] => {
    if (element === '.' || isEmptySet(below(node))) return [element, node]
    const part = element.startsWith('f:')
      ? partSchema(schema, element.slice(2))
      : schema.type === 'list'
        ? schema.items
        : schema
    const reconciled = isAtomic(part) ? leaf : reconcileFields(part, node)
    changed ||= reconciled !== node
    return [element, reconciled]
  })
  return changed ? setOf(parts) : set
}

function isAtomic(schema: Schema): boolean {
  if (schema.type === 'struct' || schema.type === 'map') return schema.mapType === 'atomic'
  return schema.type === 'list' && schema.listType === 'atomic'
}
