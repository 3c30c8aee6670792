import { compareUtf8, formatMicroTime, formatTime, parseTime } from '#base'
import { stringifyJson } from '../json-text.ts'
import { parseQuantity } from '../quantity.ts'
import { goTypeName, planOf, type Plan } from './plan.ts'
import type {
  FieldSpec,
  ListSchema,
  MapSchema,
  ScalarSchema,
  Schema,
  StructSchema,
} from './schema.ts'

/**
 * A value that cannot be read as its type; the message is worded as Go's decoder words it, for the
 * 400 that clients get.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

/**
 * Turns parsed JSON into the canonical form of a schema: fields in Go's order, zero values by their
 * rules, maps sorted, quantities and times in canonical form, unknown fields left out. The result
 * shares nothing mutable with its source except raw values, which nobody changes. A second pass
 * over the result changes nothing.
 *
 * Structural schemas are pruned only: their values stay as written, wrong types stay for validation.
 */
export class Normalizer {
  /** `unknown field "spec.x"`, in the order met. */
  readonly problems: string[] = []
  /** Set when a map has keys that JavaScript would order as numbers; the encoder must know. */
  integerKeys = false
  readonly #path: (string | number)[] = []
  /** Where in the path keys of maps stand, which Go's decoder leaves out when it names a field. */
  readonly #mapKeys: number[] = []
  /** The innermost struct, for messages. */
  #struct: Plan | undefined
  readonly #shares: boolean

  /**
   * With `shares`, what is canonical already becomes part of the result instead of being copied:
   * for an object that nobody will change any more.
   */
  constructor({ shares = false }: { readonly shares?: boolean } = {}) {
    this.#shares = shares
  }

  struct(schema: StructSchema, value: unknown): Record<string, unknown> {
    if (!isObject(value)) throw this.#mismatch(value, schema)
    return schema.structural === undefined
      ? this.#goStruct(schema, value)
      : this.#structuralStruct(schema, value)
  }

  /** As `struct`, for a struct found at a path from the object's root. */
  structAt(name: string, schema: StructSchema, value: unknown): Record<string, unknown> {
    this.#path.push(name)
    const out = this.struct(schema, value)
    this.#path.pop()
    return out
  }

  #goStruct(schema: StructSchema, value: Record<string, unknown>): Record<string, unknown> {
    const plan = planOf(schema)
    const outer = this.#struct
    this.#struct = plan
    const keys = Object.keys(value)
    const places = placesOf(plan, value, keys)
    // Undefined as long as all that was read is as it was given, and may be shared.
    let out: Record<string, unknown> | undefined = this.#shares ? undefined : {}
    for (let at = 0; at < places.length; at++) {
      const place = places[at] as number
      const name = plan.names[place] as string
      const given = value[name]
      this.#path.push(name)
      const read = this.#field(plan.specs[place] as FieldSpec, given)
      this.#path.pop()
      if (out === undefined) {
        if (read === given && name === keys[at]) continue
        out = firstFields(value, keys, at)
      }
      if (read !== undefined) out[name] = read
    }
    if (hasUnknown(plan, keys)) {
      this.#reportUnknown(plan, value)
      out ??= firstFields(value, keys, places.length)
    }
    this.#struct = outer
    return out ?? value
  }

  #field(spec: FieldSpec, given: unknown): unknown {
    const { schema, zero } = spec
    if (given === undefined || given === null) return this.#absent(spec)
    const read = this.#value(schema, given)
    if (spec.alphaGate !== undefined) return undefined
    switch (zero) {
      case 'keep':
        return read
      case 'drop':
        return isZero(read) ? undefined : read
      case 'emit':
      case 'null':
      case 'struct':
        return read === undefined ? this.#absent(spec) : read
      case 'nulltime':
        return read === zeroTime ? null : read
      case 'dropzero':
        return read === zeroTime ? undefined : read
    }
  }

  #absent(spec: FieldSpec): unknown {
    switch (spec.zero) {
      case 'keep':
      case 'drop':
      case 'dropzero':
        return undefined
      case 'emit':
        return zeroValue(spec.schema)
      case 'null':
      case 'nulltime':
        return null
      case 'struct':
        return spec.schema.type === 'struct' ? this.struct(spec.schema, {}) : undefined
    }
  }

  #value(schema: Schema, given: unknown): unknown {
    if (schema.structural !== undefined) return this.#structural(schema, given)
    switch (schema.type) {
      case 'struct':
        return this.struct(schema, given)
      case 'list':
        return this.#list(schema, given)
      case 'map':
        return this.#map(schema, given)
      case 'raw':
        return given
      case 'either':
        return this.#either(schema.options, given)
      default:
        return this.#scalar(schema, given)
    }
  }

  #list(schema: ListSchema, given: unknown): unknown[] {
    if (!Array.isArray(given)) throw this.#mismatch(given, schema)
    const { items } = schema
    let out: unknown[] | undefined = this.#shares ? undefined : []
    for (let at = 0; at < given.length; at++) {
      this.#path.push(at)
      const read = this.#element(items, given[at])
      this.#path.pop()
      if (out === undefined) {
        if (read === given[at]) continue
        out = given.slice(0, at)
      }
      out.push(read)
    }
    return out ?? given
  }

  #map(schema: MapSchema, given: unknown): Record<string, unknown> {
    if (!isObject(given)) throw this.#mismatch(given, schema)
    const keys = Object.keys(given)
    const shares = this.#shares && isSorted(keys)
    if (!shares && keys.length > 1) keys.sort(compareUtf8)
    let out: Record<string, unknown> | undefined = shares ? undefined : {}
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] as string
      if (isIntegerKey(key)) this.integerKeys = true
      this.#mapKeys.push(this.#path.push(key) - 1)
      const read = this.#element(schema.values, given[key])
      this.#path.pop()
      this.#mapKeys.pop()
      if (out === undefined) {
        if (read === given[key]) continue
        out = firstFields(given, keys, at)
      }
      setOwn(out, key, read)
    }
    return out ?? given
  }

  /** An item of a list or map, where null is Go's zero value. */
  #element(schema: Schema, given: unknown): unknown {
    if (given !== null || schema.structural !== undefined) return this.#value(schema, given)
    switch (schema.type) {
      case 'struct':
        return this.struct(schema, {})
      case 'list':
      case 'map':
      case 'raw':
      case 'either':
        return null
      default:
        return zeroValue(schema)
    }
  }

  #either(options: readonly (() => Schema)[], given: unknown): unknown {
    for (const option of options) {
      const schema = option()
      if (fitsJsonType(schema, given)) return this.#value(schema, given)
    }
    return given
  }

  #scalar(schema: ScalarSchema, given: unknown): unknown {
    switch (schema.type) {
      case 'string':
        if (typeof given !== 'string') throw this.#mismatch(given, schema)
        return given
      case 'boolean':
        if (typeof given !== 'boolean') throw this.#mismatch(given, schema)
        return given
      case 'integer':
        return this.#integer(schema, given)
      case 'number':
        if (typeof given === 'bigint') return Number(given)
        if (typeof given !== 'number') throw this.#mismatch(given, schema)
        return given
      case 'bytes':
        return this.#bytes(schema, given)
      case 'quantity':
        return this.#quantity(given)
      case 'intOrString':
        if (typeof given === 'string') return given
        return this.#integer({ type: 'integer', format: 'int32' }, given, true)
      case 'time':
        return this.#time(given, '2006-01-02T15:04:05Z07:00', formatTime)
      case 'microTime':
        return this.#time(given, '2006-01-02T15:04:05.000000Z07:00', formatMicroTime)
      case 'duration':
        if (typeof given !== 'string') throw goValueError(given, 'string')
        return given
    }
  }

  #integer(schema: ScalarSchema, given: unknown, custom = false): number | bigint {
    if (typeof given === 'bigint') {
      if (schema.format !== 'int32' && BigInt.asIntN(64, given) === given) return given
    } else if (typeof given === 'number' && Number.isInteger(given)) {
      const limit = schema.format === 'int32' ? 0x7fff_ffff : Number.MAX_SAFE_INTEGER
      if (given <= limit && given >= -limit - 1) return given === 0 ? 0 : given
    }
    throw custom ? goValueError(given, 'int32') : this.#mismatch(given, schema)
  }

  #bytes(schema: ScalarSchema, given: unknown): string {
    if (typeof given !== 'string') throw this.#mismatch(given, schema)
    const text = given.includes('\n') || given.includes('\r') ? given.replace(/[\r\n]/g, '') : given
    const bad = illegalBase64At(text)
    if (bad !== undefined) throw new DecodeError(`illegal base64 data at input byte ${bad}`)
    return text
  }

  #quantity(given: unknown): string {
    const text =
      typeof given === 'number' || typeof given === 'bigint'
        ? String(given)
        : typeof given === 'string'
          ? given
          : stringifyJson(given)
    try {
      return parseQuantity(text).toString()
    } catch (error) {
      throw new DecodeError(error instanceof Error ? error.message : String(error), {
        cause: error,
      })
    }
  }

  #time(given: unknown, layout: string, format: (epochMs: number) => string): string {
    if (typeof given !== 'string') throw goValueError(given, 'string')
    const at = parseTime(given)
    if (at === undefined) {
      throw new DecodeError(
        `parsing time ${JSON.stringify(given)} as "${layout}": cannot parse ${JSON.stringify(given)} as "2006"`,
      )
    }
    // Fractions beyond milliseconds survive where the form carries microseconds.
    const micro = /\.(\d{6})\d*/.exec(given)
    const text = format(at)
    return micro !== null && format === formatMicroTime ? `${text.slice(0, 20)}${micro[1]}Z` : text
  }

  // Structural schemas.

  #structural(schema: Schema, given: unknown): unknown {
    switch (schema.type) {
      case 'struct':
        return isObject(given) ? this.#structuralStruct(schema, given) : given
      case 'list':
        return Array.isArray(given) ? this.#list(schema, given) : given
      case 'map':
        return isObject(given) ? this.#map(schema, given) : given
      default:
        return given
    }
  }

  #structuralStruct(schema: StructSchema, given: Record<string, unknown>): Record<string, unknown> {
    const plan = planOf(schema)
    const { preserveUnknown = false, additional, embedded = false } = schema.structural ?? {}
    const out: Record<string, unknown> = {}
    for (const key of Object.keys(given).sort(compareUtf8)) {
      const value = given[key]
      const spec = plan.byName.get(key)
      this.#path.push(key)
      if (spec !== undefined) setOwn(out, key, this.#value(spec.schema, value))
      else if (additional !== undefined) setOwn(out, key, this.#value(additional, value))
      else if (preserveUnknown || (embedded && typeMetaKeys.has(key))) setOwn(out, key, value)
      else this.problems.push(`unknown field ${JSON.stringify(this.#pathText())}`)
      this.#path.pop()
      if (isIntegerKey(key)) this.integerKeys = true
    }
    return out
  }

  // Messages.

  #reportUnknown(plan: Plan, value: Record<string, unknown>): void {
    for (const key of Object.keys(value)) {
      if (plan.byName.has(key)) continue
      this.#path.push(key)
      this.problems.push(`unknown field ${JSON.stringify(this.#pathText())}`)
      this.#path.pop()
    }
  }

  #pathText(): string {
    let text = ''
    for (const part of this.#path) {
      if (typeof part === 'number') text += `[${part}]`
      else text += text === '' ? part : `.${part}`
    }
    return text
  }

  #mismatch(given: unknown, schema: Schema): DecodeError {
    const type = goTypeName(schema)
    const kind = goJsonKind(given, schema)
    if (this.#struct === undefined) {
      return new DecodeError(`json: cannot unmarshal ${kind} into Go value of type ${type}`)
    }
    const fields = this.#path
      .filter((part, at) => typeof part === 'string' && !this.#mapKeys.includes(at))
      .join('.')
    return new DecodeError(
      `json: cannot unmarshal ${kind} into Go struct field ${this.#struct.goName}.${fields} of type ${type}`,
    )
  }
}

/** In Go's order: the places of the fields that are there, and of those that are written anyway. */
function placesOf(
  plan: Plan,
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): readonly number[] {
  const places: number[] = []
  for (const key of keys) {
    const place = plan.places.get(key)
    if (place !== undefined) insert(places, place)
  }
  for (const place of plan.written) {
    if (!Object.hasOwn(value, plan.names[place] as string)) insert(places, place)
  }
  return places
}

/** Into a list in ascending order; what comes in order, as it mostly does, costs nothing. */
function insert(places: number[], place: number): void {
  let at = places.length
  for (; at > 0 && (places[at - 1] as number) > place; at--) places[at] = places[at - 1] as number
  places[at] = place
}

/** A new object with the first of an object's fields, in their order. */
function firstFields(
  from: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  count: number,
): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (let at = 0; at < count; at++) setOwn(out, keys[at] as string, from[keys[at] as string])
  return out
}

function hasUnknown(plan: Plan, keys: readonly string[]): boolean {
  for (const key of keys) if (!plan.places.has(key)) return true
  return false
}

function isSorted(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) {
    if (compareUtf8(keys[at - 1] as string, keys[at] as string) > 0) return false
  }
  return true
}

const typeMetaKeys: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])
const zeroTime = '0001-01-01T00:00:00Z'

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Assigns an own property whatever its name, `__proto__` included. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  } else target[key] = value
}

/** Whether JavaScript would put the key before others, whatever the order of insertion. */
function isIntegerKey(key: string): boolean {
  const first = key.charCodeAt(0)
  return first >= 48 && first <= 57 && /^(0|[1-9]\d{0,9})$/.test(key)
}

function isZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return value.length === 0
    return Object.keys(value).length === 0
  }
  return value === '' || value === 0 || value === false || value === undefined
}

/** Go's zero value of a type that is written when zero. */
function zeroValue(schema: Schema): unknown {
  switch (schema.type) {
    case 'string':
    case 'bytes':
      return ''
    case 'integer':
    case 'number':
    case 'intOrString':
      return 0
    case 'boolean':
      return false
    case 'quantity':
      return '0'
    case 'duration':
      return '0s'
    default:
      return null
  }
}

function fitsJsonType(schema: Schema, given: unknown): boolean {
  switch (schema.type) {
    case 'struct':
    case 'map':
      return isObject(given)
    case 'list':
      return Array.isArray(given)
    case 'boolean':
      return typeof given === 'boolean'
    case 'string':
      return typeof given === 'string'
    default:
      return true
  }
}

/** The name Go's decoder has for a JSON value; numbers that do not fit are shown. */
function goJsonKind(given: unknown, schema: Schema): string {
  if (typeof given === 'number' || typeof given === 'bigint') {
    return schema.type === 'integer' ? `number ${given}` : 'number'
  }
  if (typeof given === 'boolean') return 'bool'
  return Array.isArray(given) ? 'array' : typeof given
}

/** What a type's own decoder says, which knows nothing of the field it is in. */
function goValueError(given: unknown, type: string): DecodeError {
  const kind = goJsonKind(given, { type: type === 'string' ? 'string' : 'integer' })
  return new DecodeError(`json: cannot unmarshal ${kind} into Go value of type ${type}`)
}

/** The first byte that standard base64 with padding does not allow, as Go counts it. */
function illegalBase64At(text: string): number | undefined {
  const whole = text.length % 4 === 0
  const end = text.search(/[^A-Za-z0-9+/]/)
  if (end === -1) return whole ? undefined : text.length - (text.length % 4)
  const padding = text.slice(end, end + 3)
  if (padding !== '=' && padding !== '==') return end
  return whole ? undefined : text.length
}
