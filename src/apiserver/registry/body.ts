import {
  decodeObject,
  errors,
  formatGroupVersion,
  JsonError,
  jsonLimits,
  parseGroupVersion,
  readJson,
  readYaml,
  YamlError,
  type Face,
  type JsonReading,
  type ObjectDraft,
} from '#machinery'
import { limits } from '../limits.ts'
import type { ApiRequest } from '../request.ts'
import type { Call } from './call.ts'
import type { WriteOptions } from './write-options.ts'

/** A parsed body that has not been read as any kind yet. */
export type ParsedBody = JsonReading

const mediaTypes = ['application/json', 'application/yaml']

/** Reads and parses the body by its content type; undefined when there is none. */
export async function readBody(request: ApiRequest): Promise<ParsedBody | undefined> {
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
  } catch (error) {
    if (error instanceof JsonError || error instanceof YamlError) {
      throw errors.badRequest(`error decoding the request body: ${error.message}`, { cause: error })
    }
    throw error
  }
  throw errors.unsupportedMediaType(mediaTypes)
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
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`,
    )
  }
  throw errors.badRequest(
    `${face.kind} in version ${JSON.stringify(face.version)} cannot be handled as a ${face.kind}: the kind in the data is ${JSON.stringify(kind)}`,
  )
}
