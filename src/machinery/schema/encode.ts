import { compareUtf8 } from '#base'
import type { KubeObject } from '../resource.ts'
import type { ManagedFieldsEntry } from '../object-meta.ts'
import { isObject } from './decode.ts'
import { sharedText } from './field-shapes.ts'

/**
 * The bytes of one object in one representation, and where they are cut to serve them: after the
 * TypeMeta (list items of typed kinds go without it) and where `metadata.resourceVersion` belongs,
 * which the stored form does not hold because the revision belongs to the store.
 */
export interface EncodedObject {
  readonly bytes: Uint8Array
  /** Offset of `"metadata"`, behind kind and apiVersion. */
  readonly typeMetaEnd: number
  /** Offset inside metadata at which `,"resourceVersion":"…"` is spliced in. */
  readonly versionAt: number
  /** Offset behind metadata's closing brace. */
  readonly metadataEnd: number
}

/** Encodes a normalized object; a resourceVersion in it is left out. */
export function encodeObject(object: KubeObject, integerKeys: boolean): EncodedObject {
  const { apiVersion, kind, metadata, ...body } = object
  const { name, generateName, namespace, selfLink, uid, resourceVersion: _, ...others } = metadata
  const { managedFields, ...rest } = others
  const write = integerKeys ? sortedJson : json
  const typeMeta = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`
  const identity = JSON.stringify({ name, generateName, namespace, selfLink, uid }).slice(0, -1)
  const head = `${typeMeta}"metadata":${identity}`
  // Only objects that are never stored, such as reviews, have neither a name nor a uid.
  const separator = identity === '{' ? '' : ','
  // Entries about fields come last, as they do in Go's order.
  const tail =
    managedFields === undefined
      ? write(rest)
      : withField(write(rest), 'managedFields', `[${managedFields.map(entryJson).join(',')}]`)
  const parts = write(body)
  const end = tail === '{}' ? '}' : `${separator}${tail.slice(1)}`
  const versionAt = Buffer.byteLength(head)
  return {
    bytes: encodeUtf8(`${head}${end}${parts === '{}' ? '}' : `,${parts.slice(1)}`}`),
    typeMetaEnd: Buffer.byteLength(typeMeta),
    versionAt,
    metadataEnd: versionAt + Buffer.byteLength(end),
  }
}

/** The object's bytes with its resourceVersion; to be sent and forgotten. */
export function spliceVersion(encoded: EncodedObject, revision: string): Uint8Array {
  const { bytes, versionAt } = encoded
  const version = `,"resourceVersion":"${revision}"`
  const out = Buffer.allocUnsafe(bytes.length + version.length)
  out.set(bytes.subarray(0, versionAt))
  out.write(version, versionAt, 'latin1')
  out.set(bytes.subarray(versionAt), versionAt + version.length)
  return out
}

/** UTF-8 in memory of its own: bytes that are kept must not pin Node's shared pool. */
export function encodeUtf8(text: string): Uint8Array {
  const out = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  out.write(text, 'utf8')
  return out
}

/** What objects of one shape share of their managedFields is text already. */
function entryJson(entry: ManagedFieldsEntry): string {
  const { fieldsV1, subresource, ...head } = entry
  const text = typeof fieldsV1 === 'object' && fieldsV1 !== null ? sharedText(fieldsV1) : undefined
  if (text === undefined) return json(entry)
  const fields = withField(JSON.stringify(head), 'fieldsV1', text)
  return subresource === undefined
    ? fields
    : withField(fields, 'subresource', JSON.stringify(subresource))
}

/** An object's JSON with one more field at its end. */
function withField(object: string, name: string, value: string): string {
  return `${object.slice(0, -1)}${object === '{}' ? '' : ','}"${name}":${value}}`
}

function json(value: object): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // JSON.stringify has no bigint; integers beyond 2^53 take the slow way.
    if (error instanceof TypeError) return sortedJson(value)
    throw error
  }
}

/**
 * JSON with the keys that look like integers in their sorted place, which an object's own order
 * does not keep. Other keys keep the order they have.
 */
function sortedJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value).filter((key) => value[key] !== undefined)
  // Only objects with user-chosen keys hold integer keys, and those are sorted throughout.
  if (keys.some((key) => /^\d+$/.test(key))) keys.sort(compareUtf8)
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sortedJson(value[key])}`).join(',')}}`
}
