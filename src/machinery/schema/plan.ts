import type { FieldSpec, Schema, StructSchema } from './schema.ts'

/**
 * What the walkers need of a struct, worked out once: its fields as arrays in Go's order, and
 * which of them can hold a default somewhere below.
 */
export interface Plan {
  readonly names: readonly string[]
  readonly specs: readonly FieldSpec[]
  readonly byName: ReadonlyMap<string, FieldSpec>
  /** Where in Go's order a field stands. */
  readonly places: ReadonlyMap<string, number>
  /** Places of the fields that are written although they are absent. */
  readonly written: readonly number[]
  /** The struct's type as Go's messages name it, such as Container. */
  readonly goName: string
  /** Indexes of the fields to visit when defaults are applied. */
  readonly defaulted: readonly number[]
  /** Whether defaults can be set anywhere in the struct. */
  readonly hasDefaults: boolean
}

const plans = new WeakMap<StructSchema, Plan>()
const underway = new Set<StructSchema>()

export function planOf(schema: StructSchema): Plan {
  return plans.get(schema) ?? makePlan(schema)
}

function makePlan(schema: StructSchema): Plan {
  underway.add(schema)
  const names = Object.keys(schema.fields)
  const specs = Object.values(schema.fields).map((field) => field.spec)
  const defaulted = specs.flatMap((spec, at) =>
    spec.default !== undefined || holdsDefaults(spec.schema) ? [at] : [],
  )
  underway.delete(schema)
  const plan: Plan = {
    names,
    specs,
    byName: new Map(names.map((name, at) => [name, specs[at] as FieldSpec])),
    places: new Map(names.map((name, at) => [name, at])),
    written: specs.flatMap((spec, at) => (isWrittenWhenAbsent(spec) ? [at] : [])),
    goName: schema.name.slice(schema.name.lastIndexOf('.') + 1),
    defaulted,
    hasDefaults: schema.defaults !== undefined || defaulted.length > 0,
  }
  plans.set(schema, plan)
  return plan
}

function isWrittenWhenAbsent({ zero }: FieldSpec): boolean {
  return zero === 'emit' || zero === 'null' || zero === 'nulltime' || zero === 'struct'
}

function holdsDefaults(schema: Schema): boolean {
  switch (schema.type) {
    case 'struct':
      // A recursive type is decided by its other fields.
      return (
        (!underway.has(schema) && planOf(schema).hasDefaults) ||
        (schema.structural?.additional !== undefined && holdsDefaults(schema.structural.additional))
      )
    case 'list':
      return holdsDefaults(schema.items)
    case 'map':
      return holdsDefaults(schema.values)
    default:
      return false
  }
}

/** The schema's type as Go's JSON decoder names it in messages. */
export function goTypeName(schema: Schema): string {
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'integer':
      return schema.format ?? 'int64'
    case 'number':
      return 'float64'
    case 'bytes':
      return '[]uint8'
    case 'quantity':
      return 'resource.Quantity'
    case 'intOrString':
      return 'intstr.IntOrString'
    case 'time':
      return 'v1.Time'
    case 'microTime':
      return 'v1.MicroTime'
    case 'duration':
      return 'v1.Duration'
    case 'list':
      return `[]${goTypeName(schema.items)}`
    case 'map':
      return `map[string]${goTypeName(schema.values)}`
    case 'raw':
    case 'either':
    case 'struct':
      return schema.name.split('.').slice(-2).join('.')
  }
}
