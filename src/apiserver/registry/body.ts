import { DeleteOptions, subresourceFaces } from '#api'
import {
  decodeObject,
  decodeProtobuf,
  errors,
  formatGroupVersion,
  JsonError,
  jsonLimits,
  openProtobuf,
  parseGroupVersion,
  ProtoError,
  readJson,
  readYaml,
  wholeObject,
  YamlError,
  type Face,
  type JsonReading,
  type ObjectDraft,
  type StructSchema,
} from '#machinery'
import { limits } from '../limits.ts'
import type { ApiRequest } from '../request.ts'
import type { Call } from './call.ts'
import type { WriteOptions } from './write-options.ts'

/** A parsed body that has not been read as any kind yet. */
export type ParsedBody = JsonReading

const protobufType = 'application/vnd.kubernetes.protobuf'
const mediaTypes = ['application/json', 'application/yaml', protobufType]

/** Reads and parses the body by its content type; undefined when there is none. */
export async function readBody(call: Call): Promise<ParsedBody | undefined> {
  const { request } = call
  const { body } = request
  if (body.type === 'value') {
    return body.value === undefined ? undefined : { value: body.value, duplicates: [] }
  }
  const bytes = await body.read(limits.requestBodyBytesMax)
  if (bytes.length === 0) return undefined
  const type = mediaType(request)
  try {
    if (type === 'application/yaml') {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
      return readYaml(text, bodyLimits)
    }
    if (type === 'application/json' || type === '') return readJson(bytes, bodyLimits)
    if (type === protobufType) return { value: readProtobuf(call, bytes), duplicates: [] }
  } catch (error) {
    if (error instanceof JsonError || error instanceof YamlError || error instanceof ProtoError) {
      throw errors.badRequest(`error decoding the request body: ${error.message}`, { cause: error })
    }
    throw error
  }
  throw errors.unsupportedMediaType(mediaTypes)
}

/** An object in protobuf can only be read knowing its kind, which its envelope names. */
function readProtobuf(call: Call, bytes: Uint8Array): unknown {
  const object = openProtobuf(bytes)
  const schema = protobufSchema(call, object)
  if (schema === undefined || schema.structural !== undefined) {
    throw errors.badRequest(
      `no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)} in protobuf`,
    )
  }
  return decodeProtobuf(schema, object)
}

function protobufSchema(
  { face, registry }: Call,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): StructSchema | undefined {
  if (kind === '') return wholeObject(face.schema)
  if (kind === 'DeleteOptions') return DeleteOptions
  const version = parseGroupVersion(apiVersion)
  if (version === undefined) return undefined
  const body =
    registry.catalog.findKind(version, kind)?.face ??
    subresourceFaces.find(
      (other) => other.kind === kind && formatGroupVersion(other) === apiVersion,
    )
  return body === undefined ? undefined : wholeObject(body.schema)
}

const bodyLimits = { ...jsonLimits, maxBytes: limits.requestBodyBytesMax }

export function mediaType(request: ApiRequest): string {
  const [type = ''] = (request.header('content-type') ?? '').split(';', 1)
  return type.trim().toLowerCase()
}

/** Reads a body as an object of a face, with strict decoding's problems handled as asked. */
export function decodeBody(
  call: Call,
  face: Face,
  body: ParsedBody | undefined,
  options: Pick<WriteOptions, 'fieldValidation'>,
): ObjectDraft {
  const value = body?.value
  checkTypeMeta(face, value)
  const { draft, problems } = decodeObject(face, value)
  handleProblems(call, face, [...(body?.duplicates ?? []), ...problems], options)
  return draft
}

export function handleProblems(
  call: Pick<Call, 'warn'>,
  face: Face,
  problems: readonly string[],
  { fieldValidation }: Pick<WriteOptions, 'fieldValidation'>,
): void {
  if (problems.length === 0 || fieldValidation === 'Ignore') return
  if (fieldValidation === 'Strict') {
    throw errors.badRequest(
      `${face.kind} in version ${JSON.stringify(face.version)} cannot be handled as a ${face.kind}: strict decoding error: ${problems.join(', ')}`,
    )
  }
  for (const problem of problems) call.warn(problem)
}

/** The body's own kind and version must be those of the request, where it names them. */
function checkTypeMeta(face: Face, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  const { apiVersion, kind } = value as { readonly apiVersion?: unknown; readonly kind?: unknown }
  for (const [name, given] of [
    ['apiVersion', apiVersion],
    ['kind', kind],
  ] as const) {
    if (given !== undefined && given !== null && typeof given !== 'string') {
      throw errors.badRequest(
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(given) ? 'array' : typeof given} into Go struct field .${name} of type string`,
      )
    }
  }
  const expected = formatGroupVersion(face)
  const wrongVersion =
    typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== expected
  const wrongKind = typeof kind === 'string' && kind !== '' && kind !== face.kind
  if (!wrongVersion && !wrongKind) return
  const given = parseGroupVersion(typeof apiVersion === 'string' ? apiVersion : '')
  if (given === undefined) {
    throw errors.badRequest(`unexpected GroupVersion string: ${String(apiVersion)}`)
  }
  if (wrongVersion) {
    throw errors.badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    )
  }
  throw errors.badRequest(
    `${face.kind} in version ${JSON.stringify(face.version)} cannot be handled as a ${face.kind}: the kind in the data is ${JSON.stringify(kind)}`,
  )
}
