import type {
  FieldSpec,
  Fields,
  Json,
  ListSchema,
  ScalarSchema,
  Schema,
  StructSchema,
  Union,
  Zero,
} from './schema.ts'
import type { InputOf, MutableOf, ReadOf } from './types.ts'

/**
 * The vocabulary in which kinds are written. A struct lists its fields in Go's order; each field
 * says its type, its protobuf number and, where it differs from the usual, how its zero value
 * behaves:
 *
 * ```ts
 * export const ServicePort = struct('io.k8s.api.core.v1.ServicePort', () => ({
 *   name: string(1),
 *   protocol: string(2).values('SCTP', 'TCP', 'UDP').default('TCP'),
 *   appProtocol: string(6).keep(),
 *   port: int32(3).emit().required(),
 *   targetPort: intOrString(4).emit(),
 *   nodePort: int32(5),
 * }))
 * export type ServicePort = ReadOf<typeof ServicePort>
 * ```
 *
 * Without a word about it, strings, numbers, booleans, bytes, lists and maps are dropped when zero
 * (`omitempty`), times, quantities, intOrString, raw values and pointers are kept as they are.
 */
export class Field<Read, Input, Always extends boolean = false, Required extends boolean = false> {
  /** Types only; no value is ever there. */
  declare readonly types: { read: Read; input: Input; always: Always; required: Required }
  readonly spec: FieldSpec

  constructor(spec: FieldSpec) {
    this.spec = spec
  }

  /** A pointer: absent stays absent, and an explicit zero stays. */
  keep(): Field<Read, Input, false, Required> {
    return this.#with({ zero: 'keep' })
  }

  /** Written always; absent becomes the zero value. */
  emit(): Field<Read, Input, true, Required> {
    return this.#with({ zero: 'emit' })
  }

  /** Written always; absent becomes null. */
  orNull(): Field<Read | null, Input | null, true, Required> {
    const { type } = this.spec.schema
    return this.#with({ zero: type === 'time' || type === 'microTime' ? 'nulltime' : 'null' })
  }

  /** Removed when zero, though its type would be written. */
  dropZero(): Field<Read, Input, false, Required> {
    return this.#with({ zero: 'dropzero' })
  }

  required(): Field<Read, Input, Always, true> {
    return this.#with({ required: true })
  }

  /** What an absent (or, where zero cannot be told from absent, zero) value becomes. */
  default(value: Json): Field<Read, Input, true, Required> {
    return this.#with({ default: value })
  }

  /** The closed set of values. */
  values<const V extends Read & string>(...values: V[]): Field<V, V, Always, Required> {
    return this.#with({ schema: { ...(this.spec.schema as ScalarSchema), values } })
  }

  /** A list whose items are identified by these fields. */
  mapBy(...keys: string[]): Field<Read, Input, Always, Required> {
    return this.#list({ listType: 'map', keys })
  }

  /** A list of distinct scalars. */
  set(): Field<Read, Input, Always, Required> {
    return this.#list({ listType: 'set' })
  }

  /** A map with one owner. */
  atomic(): Field<Read, Input, Always, Required> {
    const { schema } = this.spec
    return this.#with({
      schema: schema.type === 'map' ? { ...schema, mapType: 'atomic' } : schema,
    })
  }

  /** Strategic merge patch: how the field is patched, and by which key lists are merged. */
  patch(strategy: string, mergeKey?: string): Field<Read, Input, Always, Required> {
    return this.#with({ patchStrategy: strategy, patchMergeKey: mergeKey })
  }

  /** The protobuf message this field travels in, where JSON inlines it, and the one within that. */
  inlineIn(proto: number, inner = 0): Field<Read, Input, Always, Required> {
    return this.#with({ protoInline: proto, protoInlineInner: inner })
  }

  /** Known, but dropped when written: its feature is alpha and off. */
  alpha(gate: string): Field<Read, Input, false, Required> {
    return this.#with({ alphaGate: gate })
  }

  #list(change: Partial<ListSchema>): Field<Read, Input, Always, Required> {
    return this.#with({ schema: { ...(this.spec.schema as ListSchema), ...change } })
  }

  #with<R, I, A extends boolean, Q extends boolean>(change: Partial<FieldSpec>): Field<R, I, A, Q> {
    return new Field({ ...this.spec, ...change })
  }
}

/** A struct. `defaults` sets what depends on several fields; it runs before the parts' defaults. */
export function struct<F extends Fields>(
  name: string,
  fields: () => F,
  options: {
    readonly mapType?: 'atomic'
    readonly unions?: readonly Union[]
    readonly defaults?: (draft: MutableOf<StructSchema<F>>) => void
  } = {},
): StructSchema<F> {
  let made: F | undefined
  return {
    type: 'struct',
    name,
    get fields() {
      return (made ??= fields())
    },
    mapType: options.mapType ?? 'granular',
    unions: options.unions,
    defaults: options.defaults,
  }
}

export const string = (proto: number) => scalar<string>('string', proto)
export const boolean = (proto: number) => scalar<boolean>('boolean', proto)
export const int32 = (proto: number) => scalar<number>('integer', proto, { format: 'int32' })
/** Beyond 2^53 the reader keeps the exact digits; see `json-reader.ts`. */
export const int64 = (proto: number) => scalar<number>('integer', proto, { format: 'int64' })
export const double = (proto: number) => scalar<number>('number', proto, { format: 'double' })
/** Base64 text. */
export const bytes = (proto: number) => scalar<string>('bytes', proto, { format: 'byte' })
export const quantity = (proto: number) =>
  scalar<string, string | number>('quantity', proto, { zero: 'keep' })
export const intOrString = (proto: number) =>
  scalar<number | string>('intOrString', proto, { zero: 'keep' })
export const time = (proto: number) => scalar<string>('time', proto, { zero: 'keep' })
export const microTime = (proto: number) => scalar<string>('microTime', proto, { zero: 'keep' })
export const duration = (proto: number) => scalar<string>('duration', proto, { zero: 'keep' })

/** Any JSON: RawExtension, JSON, FieldsV1, by its OpenAPI name. */
export function raw(name: string, proto: number): Field<Json, Json> {
  return field({ type: 'raw', name }, proto, 'keep')
}

/** A struct that is always there (a Go value). */
export function value<S extends StructSchema>(
  schema: S,
  proto: number,
): Field<ReadOf<S>, InputOf<S>, true> {
  return field(schema, proto, 'struct')
}

/** A struct that may be absent (a Go pointer). */
export function pointer<S extends Schema>(schema: S, proto: number): Field<ReadOf<S>, InputOf<S>> {
  return field(schema, proto, 'keep')
}

/** A list; atomic unless it says `mapBy` or `set`. Items are structs, lists, maps or item types. */
export function list<S extends Schema>(
  items: S,
  proto: number,
): Field<readonly ReadOf<S>[], readonly InputOf<S>[]> {
  return field({ type: 'list', items, listType: 'atomic', keys: [] }, proto, 'drop')
}

/** A map from strings. */
export function map<S extends Schema>(
  values: S,
  proto: number,
): Field<Readonly<Record<string, ReadOf<S>>>, Readonly<Record<string, InputOf<S>>>> {
  return field({ type: 'map', values, mapType: 'granular' }, proto, 'drop')
}

/** Item types, for lists and maps: `list(item.string, 4)`. */
export const item = {
  string: itemOf<string>()({ type: 'string' }),
  boolean: itemOf<boolean>()({ type: 'boolean' }),
  int32: itemOf<number>()({ type: 'integer', format: 'int32' }),
  int64: itemOf<number>()({ type: 'integer', format: 'int64' }),
  bytes: itemOf<string>()({ type: 'bytes', format: 'byte' }),
  quantity: itemOf<string, string | number>()({ type: 'quantity' }),
  time: itemOf<string>()({ type: 'time' }),
  raw: (name: string) => itemOf<Json>()({ type: 'raw', name }),
  list: <S extends Schema>(items: S) =>
    itemOf<readonly ReadOf<S>[], readonly InputOf<S>[]>()({
      type: 'list',
      items,
      listType: 'atomic',
      keys: [],
    } as const),
  map: <S extends Schema>(values: S) =>
    itemOf<Readonly<Record<string, ReadOf<S>>>, Readonly<Record<string, InputOf<S>>>>()({
      type: 'map',
      values,
      mapType: 'granular',
    } as const),
} as const

/** A closed set of strings, as list items. */
export function oneOf<const V extends string>(...values: V[]) {
  return itemOf<V>()({ type: 'string', values })
}

/** One of several shapes, told apart by the JSON type. */
export function either<Read, Input = Read>(name: string, ...options: (() => Schema)[]) {
  return itemOf<Read, Input>()({ type: 'either', name, options })
}

function itemOf<Read, Input = Read>() {
  return <const S extends Schema>(schema: S): S & Typed<Read, Input> => schema
}

/** Carries the static types of a schema that is not a struct. Types only. */
export interface Typed<Read, Input> {
  readonly types?: { read: Read; input: Input }
}

function scalar<Read, Input = Read>(
  type: ScalarSchema['type'],
  proto: number,
  options: { readonly format?: string; readonly zero?: Zero } = {},
): Field<Read, Input> {
  return field({ type, format: options.format }, proto, options.zero ?? 'drop')
}

function field<R, I, A extends boolean = false>(
  schema: Schema,
  proto: number,
  zero: Zero,
): Field<R, I, A> {
  return new Field({
    schema,
    proto,
    protoInline: 0,
    zero,
    required: false,
    default: undefined,
    patchStrategy: undefined,
    patchMergeKey: undefined,
    alphaGate: undefined,
  })
}
