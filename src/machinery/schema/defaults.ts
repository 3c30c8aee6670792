import { isObject, setOwn } from './decode.ts'
import { planOf } from './plan.ts'
import type { FieldSpec, Json, Schema, StructSchema } from './schema.ts'

/**
 * Sets the defaults of a struct and of everything in it, in place: first the struct's own
 * `defaults`, then its fields'. A field is defaulted where it is absent and, when Go could not tell
 * absent from zero, where it is zero. Idempotent.
 */
export function applyDefaults(schema: StructSchema, draft: Record<string, unknown>): void {
  const plan = planOf(schema)
  if (plan.hasDefaults) {
    schema.defaults?.(draft)
    for (const at of plan.defaulted) {
      const name = plan.names[at] as string
      const spec = plan.specs[at] as FieldSpec
      // Field names of Go structs are never those of Object.prototype; a document's may be.
      const given =
        schema.structural === undefined || Object.hasOwn(draft, name) ? draft[name] : undefined
      if (spec.default !== undefined && isAbsent(spec, given)) {
        const made = copy(spec.default)
        setOwn(draft, name, made)
        defaultValue(spec.schema, made)
      } else if (given !== undefined) defaultValue(spec.schema, given)
    }
  }
  const additional = schema.structural?.additional
  if (additional !== undefined) {
    for (const key of Object.keys(draft)) {
      if (!plan.byName.has(key)) defaultValue(additional, draft[key])
    }
  }
}

function defaultValue(schema: Schema, value: unknown): void {
  switch (schema.type) {
    case 'struct':
      if (isObject(value)) applyDefaults(schema, value)
      return
    case 'list':
      if (Array.isArray(value)) for (const item of value) defaultValue(schema.items, item)
      return
    case 'map':
      if (isObject(value))
        for (const item of Object.values(value)) defaultValue(schema.values, item)
      return
    default:
  }
}

function isAbsent(spec: FieldSpec, value: unknown): boolean {
  if (value === undefined) return true
  if (spec.schema.structural !== undefined) {
    // A null that the schema does not allow is as good as absent (CRD reference, "Defaulting and Nullable").
    return value === null && !spec.schema.structural.nullable
  }
  if (value === null) return true
  return spec.zero === 'emit' && (value === '' || value === 0 || value === false)
}

function copy(value: Json): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (!isObject(value)) return value
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setOwn(out, key, copy(value[key] as Json))
  return out
}
