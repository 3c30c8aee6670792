import { ObjectMeta } from './object-meta.ts'
import { formatGroupVersion } from './names.ts'
import type { Face, KubeObject, ObjectDraft } from './resource.ts'
import { applyDefaults } from './schema/defaults.ts'
import { DecodeError, isObject, Normalizer } from './schema/decode.ts'
import { encodeObject, type EncodedObject } from './schema/encode.ts'
import { badRequest } from './status.ts'

/** An object read from JSON, and what strict decoding would hold against it. */
export interface DecodedObject {
  readonly draft: ObjectDraft
  /** Such as `unknown field "spec.replcas"`. */
  readonly problems: readonly string[]
}

/**
 * Reads parsed JSON as an object of a face: normalized, unknown fields dropped and named. TypeMeta
 * is the face's; whether the body's own agrees is the caller's question. Throws the 400 that
 * upstream answers for a value of the wrong type. With `shares`, for a value that nobody else holds,
 * what is canonical already becomes part of the result instead of being copied.
 */
export function decodeObject(
  face: Face,
  json: unknown,
  options: { readonly shares?: boolean } = {},
): DecodedObject {
  try {
    return normalizeWith(new Normalizer(options), face, json)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(
      `${face.kind} in version ${JSON.stringify(face.version)} cannot be handled as a ${face.kind}: ${error.message}`,
      { cause: error },
    )
  }
}

/** An object in canonical form, for comparing; see `encodeCanonical`. */
export function normalizeObject(face: Face, object: KubeObject): KubeObject {
  return normalizeWith(new Normalizer(), face, object).draft
}

/** Sets the face's defaults in place. */
export function defaultObject(face: Face, draft: ObjectDraft): void {
  applyDefaults(face.schema, asRecord(draft))
}

/**
 * The canonical bytes of an object, and the object in canonical form. What is compared, stored,
 * owned and served is this and nothing else. The two objects share what was canonical before:
 * nobody may change the given one any more.
 */
export function encodeCanonical(
  face: Face,
  object: KubeObject,
): { readonly object: KubeObject; readonly encoded: EncodedObject } {
  const normalizer = new Normalizer({ shares: true })
  const { draft } = normalizeWith(normalizer, face, object)
  return { object: draft, encoded: encodeObject(draft, normalizer.integerKeys) }
}

function normalizeWith(normalizer: Normalizer, face: Face, json: unknown): DecodedObject {
  if (!isObject(json)) {
    throw new DecodeError(
      `json: cannot unmarshal ${Array.isArray(json) ? 'array' : typeof json} into Go value of type ${face.version}.${face.kind}`,
    )
  }
  const { apiVersion: _v, kind: _k, metadata, ...body } = json
  const meta = normalizer.structAt('metadata', ObjectMeta, metadata ?? {})
  const rest = normalizer.struct(face.schema, body)
  const draft: ObjectDraft = {
    kind: face.kind,
    apiVersion: formatGroupVersion(face),
    metadata: meta,
    ...rest,
  }
  return { draft, problems: normalizer.problems }
}

function asRecord(draft: ObjectDraft): Record<string, unknown> {
  return draft as object as Record<string, unknown>
}
