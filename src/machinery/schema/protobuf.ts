import { compareUtf8, formatTime, parseTime } from '#base'
import { formatDuration, parseDuration } from '../duration.ts'
import { getOwn, isDictionary, setOwn, type Dictionary } from './own-property.ts'
import { ProtoError, readProto, type ProtoField } from './proto-reader.ts'
import { ProtoWriter } from './proto-writer.ts'
import type { EitherSchema, FieldSpec, Json, Schema, StructSchema } from './schema.ts'

/** `application/vnd.kubernetes.protobuf`: the four bytes before a `runtime.Unknown`. */
const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0)

export interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

/** An encoded object as it travels: its type, and the message, still to be read by its schema. */
export interface ProtobufObject extends TypeMeta {
  readonly raw: Uint8Array
}

/**
 * Encodes a normalized object as Kubernetes' protobuf, with its envelope. The schema is that of the
 * whole object (`wholeObject`) or of a list. Which zero values are written follows Go's generated
 * code: all scalars and messages that are no pointers, lists and maps by their entries.
 */
export function encodeProtobuf(schema: StructSchema, object: TypeMeta): Uint8Array {
  const writer = new ProtoWriter()
  writer.raw(magic)
  writer.message(1, (typeMeta) => {
    typeMeta.string(1, object.apiVersion)
    typeMeta.string(2, object.kind)
  })
  writer.message(2, (raw) => writeStruct(raw, schema, dictionary(object)))
  writer.string(3, '')
  writer.string(4, '')
  return writer.finish()
}

/** The message of a `metav1.WatchEvent` around an object's bytes (envelope included). */
export function encodeProtobufWatchEvent(type: string, object: Uint8Array): Uint8Array {
  const writer = new ProtoWriter(object.length + 32)
  writer.string(1, type)
  writer.message(2, (raw) => raw.bytes(1, object))
  return writer.finish()
}

/** Whether bytes begin as Kubernetes' protobuf does. */
export function isProtobuf(bytes: Uint8Array): boolean {
  return magic.every((byte, at) => bytes[at] === byte)
}

/** Opens the envelope. Throws a ProtoError. */
export function openProtobuf(bytes: Uint8Array): ProtobufObject {
  if (!isProtobuf(bytes)) {
    throw new ProtoError('provided data does not appear to be a protobuf message, expected prefix')
  }
  let apiVersion = ''
  let kind = ''
  let raw: Uint8Array = new Uint8Array(0)
  for (const field of readProto(bytes.subarray(magic.length))) {
    if (field.number === 2) raw = field.bytes
    if (field.number !== 1) continue
    for (const part of readProto(field.bytes)) {
      if (part.number === 1) apiVersion = text(part.bytes)
      if (part.number === 2) kind = text(part.bytes)
    }
  }
  return { apiVersion, kind, raw }
}

/**
 * Reads an object by the schema of its kind. The result is what its JSON would parse to, still to
 * be normalized: zero values that were written are there. Throws a ProtoError.
 */
export function decodeProtobuf(
  schema: StructSchema,
  { apiVersion, kind, raw }: ProtobufObject,
): Json {
  return { kind, apiVersion, ...dictionary(readStruct(schema, raw, 0)) }
}

/** A struct's fields in the order of the wire; inlined ones in messages of their own. */
interface Message {
  readonly parts: readonly Part[]
  readonly byNumber: ReadonlyMap<number, Part>
}

type Part =
  | { readonly number: number; readonly name: string; readonly spec: FieldSpec }
  | { readonly number: number; readonly inlined: Message }

const messages = new WeakMap<StructSchema, Message>()

function messageOf(schema: StructSchema): Message {
  const known = messages.get(schema)
  if (known !== undefined) return known
  const entries = Object.entries(schema.fields).map(([name, { spec }]) => ({
    name,
    spec,
    path: [spec.protoInline, spec.protoInlineInner ?? 0].filter((number) => number !== 0),
  }))
  const made = messageFrom(entries)
  messages.set(schema, made)
  return made
}

interface Entry {
  readonly name: string
  readonly spec: FieldSpec
  /** The messages still to open before the field. */
  readonly path: readonly number[]
}

function messageFrom(entries: readonly Entry[]): Message {
  const parts: Part[] = []
  const inlined = new Map<number, Entry[]>()
  for (const { name, spec, path } of entries) {
    const [outer, ...rest] = path
    if (outer === undefined) {
      if (spec.proto !== 0) parts.push({ number: spec.proto, name, spec })
      continue
    }
    const group = inlined.get(outer) ?? []
    inlined.set(outer, [...group, { name, spec, path: rest }])
  }
  for (const [number, group] of inlined) parts.push({ number, inlined: messageFrom(group) })
  parts.sort((a, b) => a.number - b.number)
  return { parts, byNumber: new Map(parts.map((part) => [part.number, part])) }
}

function writeStruct(writer: ProtoWriter, schema: StructSchema, value: Dictionary<Json>): void {
  writeParts(writer, messageOf(schema), value)
}

function writeParts(writer: ProtoWriter, message: Message, value: Dictionary<Json>): void {
  for (const part of message.parts) {
    if ('inlined' in part) {
      writer.message(part.number, (inner) => writeParts(inner, part.inlined, value))
    } else writeField(writer, part.number, part.spec, getOwn(value, part.name) ?? null)
  }
}

function writeField(writer: ProtoWriter, number: number, spec: FieldSpec, value: Json): void {
  const { schema } = spec
  if (value !== null) writeValue(writer, number, schema, value)
  else if (isWrittenAlways(spec)) writeZero(writer, number, schema)
}

/** Whether Go's field is a value, which is written even when zero. */
function isWrittenAlways({ schema, zero }: FieldSpec): boolean {
  if (zero === 'keep' || zero === 'null') return false
  return schema.type !== 'list' && schema.type !== 'map' && schema.type !== 'bytes'
}

function writeZero(writer: ProtoWriter, number: number, schema: Schema): void {
  switch (schema.type) {
    case 'string':
      writer.string(number, '')
      return
    case 'boolean':
    case 'integer':
      writer.varint(number, 0)
      return
    case 'number':
      writer.double(number, 0)
      return
    case 'quantity':
    case 'intOrString':
    case 'duration':
      writeValue(writer, number, schema, schema.type === 'intOrString' ? 0 : '0')
      return
    case 'struct':
      writer.message(number, (inner) => writeStruct(inner, schema, {}))
      return
    case 'bytes':
    case 'time':
    case 'microTime':
    case 'raw':
    case 'either':
    case 'list':
    case 'map':
      writer.message(number, () => undefined)
      return
  }
}

function writeValue(writer: ProtoWriter, number: number, schema: Schema, value: Json): void {
  switch (schema.type) {
    case 'string':
      writer.string(number, asText(value))
      return
    case 'boolean':
      writer.varint(number, value === true ? 1 : 0)
      return
    case 'integer':
      writer.varint(number, integer(value))
      return
    case 'number':
      writer.double(number, Number(value))
      return
    case 'bytes':
      writer.bytes(number, Buffer.from(asText(value), 'base64'))
      return
    case 'quantity':
      writer.message(number, (inner) => inner.string(1, asText(value)))
      return
    case 'intOrString':
      writer.message(number, (inner) => {
        inner.varint(1, typeof value === 'string' ? 1 : 0)
        inner.varint(2, typeof value === 'string' ? 0 : integer(value))
        inner.string(3, typeof value === 'string' ? value : '')
      })
      return
    case 'time':
    case 'microTime':
      writer.message(number, (inner) => writeTime(inner, asText(value)))
      return
    case 'duration':
      writer.message(number, (inner) => inner.varint(1, parseDuration(asText(value))))
      return
    case 'raw':
      writer.message(number, (inner) => inner.bytes(1, Buffer.from(JSON.stringify(value))))
      return
    case 'either':
      writer.message(number, (inner) => writeEither(inner, schema, value))
      return
    case 'struct':
      writer.message(number, (inner) => writeStruct(inner, schema, dictionary(value)))
      return
    case 'list':
      for (const item of list(value)) writeElement(writer, number, schema.items, item)
      return
    case 'map': {
      const entries = dictionary(value)
      for (const key of Object.keys(entries).sort(compareUtf8)) {
        writer.message(number, (entry) => {
          entry.string(1, key)
          writeElement(entry, 2, schema.values, entries[key] ?? null)
        })
      }
    }
  }
}

/** An item or a map's value: lists in lists travel in a message of their own. */
function writeElement(writer: ProtoWriter, number: number, schema: Schema, value: Json): void {
  if (schema.type === 'list' || schema.type === 'map') {
    writer.message(number, (inner) => writeValue(inner, 1, schema, value ?? []))
  } else if (value === null) writeZero(writer, number, schema)
  else writeValue(writer, number, schema, value)
}

function writeTime(writer: ProtoWriter, value: string): void {
  const at = parseTime(value)
  if (at === undefined) return
  const fraction = /\.(\d{1,9})/.exec(value)?.[1] ?? ''
  writer.varint(1, Math.floor(at / 1000))
  writer.varint(2, Number(fraction.padEnd(9, '0')))
}

/** The alternatives of JSONSchemaProps' unions: `allows` is a bool, `property` a list of texts. */
function writeEither(writer: ProtoWriter, schema: EitherSchema, value: Json): void {
  const [first, second] = alternatives(schema)
  if (typeof value === 'boolean') writer.varint(1, value ? 1 : 0)
  else if (schema.name.endsWith('OrBool')) {
    writer.varint(1, 1)
    writeValue(writer, 2, first, value)
  } else if (Array.isArray(value)) writeValue(writer, 2, second, value)
  else writeValue(writer, 1, first, value)
}

/** The struct of a union, and its other alternative. */
function alternatives(schema: EitherSchema): readonly [Schema, Schema] {
  const options = schema.options.map((option) => option())
  const struct = options.find(({ type }) => type === 'struct')
  const other = options.find(({ type }) => type !== 'struct')
  if (struct === undefined || other === undefined) {
    throw new ProtoError(`${schema.name} has no protobuf form`)
  }
  return [struct, other]
}

/** Deeper messages are refused, as deep JSON is. */
const depthMax = 1000

function readStruct(schema: StructSchema, bytes: Uint8Array, depth: number): Json {
  if (depth > depthMax) throw new ProtoError('message is nested too deep')
  const draft: Record<string, Json> = {}
  readParts(messageOf(schema), bytes, draft, depth)
  return draft
}

function readParts(
  message: Message,
  bytes: Uint8Array,
  draft: Record<string, Json>,
  depth: number,
): void {
  for (const field of readProto(bytes)) {
    const part = message.byNumber.get(field.number)
    if (part === undefined) continue
    if ('inlined' in part) readParts(part.inlined, field.bytes, draft, depth)
    else draft[part.name] = readField(part.spec.schema, field, draft[part.name] ?? null, depth)
  }
}

/** Lists and maps come entry by entry, and grow. */
function readField(schema: Schema, field: ProtoField, before: Json, depth: number): Json {
  if (schema.type === 'list') return [...list(before), readElement(schema.items, field, depth)]
  if (schema.type !== 'map') return readValue(schema, field, depth)
  let key = ''
  let value: Json = emptyOf(schema.values)
  for (const part of readProto(field.bytes)) {
    if (part.number === 1) key = text(part.bytes)
    if (part.number === 2) value = readElement(schema.values, part, depth)
  }
  const entries = { ...dictionary(before) }
  setOwn(entries, key, value)
  return entries
}

function readElement(schema: Schema, field: ProtoField, depth: number): Json {
  if (schema.type !== 'list' && schema.type !== 'map') return readValue(schema, field, depth)
  let value: Json = schema.type === 'list' ? [] : {}
  for (const part of readProto(field.bytes)) {
    if (part.number === 1) value = readField(schema, part, value, depth + 1)
  }
  return value
}

function emptyOf({ type }: Schema): Json {
  return type === 'string' || type === 'bytes' ? '' : null
}

function readValue(schema: Schema, field: ProtoField, depth: number): Json {
  const { bytes, varint } = field
  expectWireType(schema, field)
  switch (schema.type) {
    case 'string':
      return text(bytes)
    case 'boolean':
      return varint !== 0n
    case 'integer':
      return signed(varint)
    case 'number':
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true)
    case 'bytes':
      return Buffer.from(bytes).toString('base64')
    case 'quantity':
      return text(find(bytes, 1)?.bytes)
    case 'intOrString':
      return find(bytes, 1)?.varint === 1n
        ? text(find(bytes, 3)?.bytes)
        : signed(find(bytes, 2)?.varint ?? 0n)
    case 'time':
    case 'microTime':
      return readTime(bytes, schema.type === 'microTime')
    case 'duration':
      return formatDuration(BigInt.asIntN(64, find(bytes, 1)?.varint ?? 0n))
    case 'raw': {
      const json = find(bytes, 1)?.bytes
      return json === undefined ? null : parseRaw(json)
    }
    case 'either':
      return readEither(schema, bytes, depth)
    case 'struct':
      return readStruct(schema, bytes, depth + 1)
    case 'list':
    case 'map':
      return readElement(schema, field, depth)
  }
}

function expectWireType({ type }: Schema, { wireType, number }: ProtoField): void {
  const expected = type === 'boolean' || type === 'integer' ? 0 : type === 'number' ? 1 : 2
  if (wireType !== expected) {
    throw new ProtoError(`wrong wireType = ${wireType} for field ${number}`)
  }
}

function readTime(bytes: Uint8Array, micro: boolean): Json {
  const seconds = find(bytes, 1)?.varint
  if (seconds === undefined) return null
  const at = formatTime(Number(BigInt.asIntN(64, seconds)) * 1000)
  if (!micro) return at
  const nanos = Number(find(bytes, 2)?.varint ?? 0n)
  return `${at.slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`
}

function readEither(schema: EitherSchema, bytes: Uint8Array, depth: number): Json {
  const [struct, other] = alternatives(schema)
  if (schema.name.endsWith('OrBool')) {
    const given = find(bytes, 2)
    return given === undefined ? find(bytes, 1)?.varint === 1n : readValue(struct, given, depth)
  }
  const given = find(bytes, 1)
  if (given !== undefined) return readValue(struct, given, depth)
  let items: Json = []
  for (const part of readProto(bytes)) {
    if (part.number === 2) items = readField(other, part, items, depth)
  }
  return items
}

function parseRaw(bytes: Uint8Array): Json {
  try {
    const value: Json = JSON.parse(text(bytes))
    return value
  } catch (error) {
    throw new ProtoError('raw value is not JSON', { cause: error })
  }
}

function find(bytes: Uint8Array, number: number): ProtoField | undefined {
  let found: ProtoField | undefined
  for (const field of readProto(bytes)) if (field.number === number) found = field
  return found
}

/** Exact: integers beyond 2^53 are bigint, as the reader of JSON gives them. */
function signed(value: bigint): number {
  const integer = BigInt.asIntN(64, value)
  const small = Number(integer)
  // The static type of JSON has no bigint; whoever computes with integers knows both.
  return Number.isSafeInteger(small) ? small : (integer as unknown as number)
}

function integer(value: Json): number | bigint {
  const given: unknown = value
  return typeof given === 'bigint' ? given : Number(value)
}

const utf8 = new TextDecoder()

function text(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : utf8.decode(bytes)
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function list(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function dictionary(value: unknown): Dictionary<Json> {
  return isDictionary(value as Json) ? (value as Dictionary<Json>) : {}
}
