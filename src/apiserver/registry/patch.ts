import {
  applyJsonPatch,
  decodeObject,
  errors,
  field,
  FieldPath,
  getOwn,
  JsonError,
  jsonLimits,
  JsonPatchError,
  mergePatch,
  parseJsonPatch,
  patchNotApplicable,
  readJson,
  readYaml,
  strategicMergePatch,
  wholeObject,
  YamlError,
  type Json,
  type JsonPatch,
  type JsonReading,
  type KubeObject,
  type ObjectDraft,
} from '#machinery'
import { limits } from '../limits.ts'
import type { Answer } from '../request.ts'
import { applyConfiguration } from './apply.ts'
import { handleProblems, mediaType } from './body.ts'
import type { Call } from './call.ts'
import { change, checkName } from './update.ts'
import { readWriteOptions, type WriteOptions } from './write-options.ts'

type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** PATCH, of all types. The patch is applied anew to what stands at each attempt. */
export async function patch(call: Call): Promise<Answer> {
  const options = readWriteOptions(call, 'PatchOptions')
  if (patchType(call) === 'apply') {
    return applyConfiguration(call, await readPatch(call, true), options)
  }
  return change(call, options, { apply: await patchedBy(call, options), retries: true })
}

/** Reads a patch that is no apply; the result makes of an object what the patch says. */
export async function patchedBy(
  call: Call,
  options: WriteOptions,
): Promise<(current: KubeObject) => ObjectDraft> {
  const type = patchType(call)
  if (type === 'apply') {
    throw errors.badRequest('this subresource cannot be applied; use another type of patch')
  }
  if (options.force !== undefined) {
    throw errors.invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      field.forbidden(FieldPath.root('force'), 'may not be specified for non-apply patch'),
    ])
  }
  const body = await readPatch(call, false)
  const transform = transformer(call, type, body)
  return (current) => read(call, options, body, transform(current))
}

function patchType(call: Call): PatchType {
  const type = getOwn(patchTypes, mediaType(call.request))
  const structural = call.face.schema.structural !== undefined
  if (type !== undefined && !(structural && type === 'strategic')) return type
  const accepted = Object.keys(patchTypes).filter(
    (media) => !(structural && patchTypes[media] === 'strategic'),
  )
  throw errors.unsupportedMediaType(accepted)
}

/** Checks the patch once; the result applies it to any state. */
function transformer(
  call: Call,
  type: 'json' | 'merge' | 'strategic',
  body: JsonReading,
): (current: KubeObject) => unknown {
  const value = body.value as Json
  if (type === 'json') {
    const operations = parsed(value)
    return (current) => applied(current, operations)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw errors.badRequest('the patch must be a JSON object')
  }
  if (type === 'merge') return (current) => mergePatch(current, value)
  const schema = wholeObject(call.face.schema)
  return (current) => strategicMergePatch(schema, asJson(current), value)
}

/** What a patch made, read as an object of the face again. */
function read(call: Call, options: WriteOptions, body: JsonReading, patched: unknown): ObjectDraft {
  const { draft, problems } = decodeObject(call.face, patched)
  handleProblems(call, call.face, [...body.duplicates, ...problems], options)
  checkName(call, draft)
  return draft
}

async function readPatch(call: Call, yaml: boolean): Promise<JsonReading> {
  const { body } = call.request
  if (body.type === 'value') return { value: body.value, duplicates: [] }
  const bytes = await body.read(limits.requestBodyBytesMax)
  try {
    if (!yaml) return readJson(bytes, { ...jsonLimits, maxBytes: limits.requestBodyBytesMax })
    return readYaml(Buffer.from(bytes).toString(), jsonLimits)
  } catch (error) {
    if (error instanceof JsonError || error instanceof YamlError) {
      throw errors.badRequest(`error decoding patch: ${error.message}`, { cause: error })
    }
    throw error
  }
}

/** A patch that is none is a 400. */
function parsed(value: Json): JsonPatch {
  try {
    return parseJsonPatch(value)
  } catch (error) {
    if (error instanceof JsonPatchError) throw errors.badRequest(error.message, { cause: error })
    throw error
  }
}

/** One that does not fit what it is applied to is a 422. */
function applied(current: KubeObject, operations: JsonPatch): unknown {
  try {
    return applyJsonPatch(current, operations)
  } catch (error) {
    if (error instanceof JsonPatchError) throw patchNotApplicable()
    throw error
  }
}

function asJson(object: KubeObject): Json {
  return object as unknown as Json
}
