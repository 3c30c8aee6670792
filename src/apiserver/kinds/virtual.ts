import { must } from '#base'
import { subresourceFaces } from '#api'
import {
  deepFreeze,
  defaultObject,
  encodeCanonical,
  errors,
  formatGroupVersion,
  type Face,
  type KubeObject,
  type ObjectDraft,
  type Resource,
} from '#machinery'
import { servedObject } from '../cache/entry.ts'
import { decodeBody } from '../registry/body.ts'
import type { Call } from '../registry/call.ts'
import { admissionAttributes } from '../registry/create.ts'
import { readWriteOptions, type WriteOptions } from '../registry/write-options.ts'
import type { ObjectAnswer, StatusAnswer } from '../request.ts'
import type { SubresourceCall } from './subresource.ts'

/** The face of a kind that is only ever the body of a subresource. */
export function bodyFace(kind: string): Face {
  return must(
    subresourceFaces.find((face) => face.kind === kind),
    `${kind} is a subresource's kind`,
  )
}

export interface VirtualWrite {
  readonly draft: ObjectDraft
  readonly options: WriteOptions
}

/**
 * Reads the body of a subresource as an object of its own kind, defaulted. `alike` are older
 * versions of the kind that say the same in the same words.
 */
export function readVirtual(
  { call, body }: SubresourceCall,
  face: Face,
  alike: readonly string[] = [],
): VirtualWrite {
  const options = readWriteOptions(call, 'CreateOptions')
  const value = inVersion(body, face, alike)
  const draft = decodeBody(call, face, { value, duplicates: [] }, options)
  draft.apiVersion = formatGroupVersion(face)
  defaultObject(face, draft)
  return { draft, options }
}

function inVersion(body: unknown, face: Face, alike: readonly string[]): unknown {
  if (typeof body !== 'object' || body === null || !('apiVersion' in body)) return body
  const { apiVersion } = body
  const known = typeof apiVersion === 'string' && alike.includes(apiVersion)
  return known ? { ...body, apiVersion: formatGroupVersion(face) } : body
}

/** The name in a subresource's body may be left out; if given it is the one of the URL. */
export function settleName({ call }: SubresourceCall, draft: ObjectDraft, kind: string): void {
  const given = draft.metadata.name ?? ''
  if (given !== '' && given !== call.info.name) {
    throw errors.badRequest(`name in URL does not match name in ${kind} object`)
  }
  draft.metadata.name = call.info.name
  settleNamespace(call, draft)
}

/** The same for the namespace. */
export function settleNamespace(call: Call, draft: ObjectDraft): void {
  const given = draft.metadata.namespace ?? ''
  if (given !== '' && given !== call.info.namespace) {
    throw errors.badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
  if (call.info.namespace !== '') draft.metadata.namespace = call.info.namespace
}

/** Sends what is not stored through the same admission as everything else. */
export async function admitVirtual(
  call: Call,
  face: Face,
  { draft, options }: VirtualWrite,
): Promise<void> {
  const attributes = {
    ...admissionAttributes(call, options, draft),
    face,
    name: call.info.name || (draft.metadata.name ?? ''),
  }
  await call.registry.admission.admit(attributes)
  await call.registry.admission.validate(attributes)
}

/** The answer 201 with an object that is not stored. */
export function createdAnswer(
  resource: Resource,
  face: Face,
  object: KubeObject & { readonly status?: unknown },
): ObjectAnswer {
  const normal = deepFreeze(encodeCanonical(face, object).object)
  return { type: 'object', code: 201, served: servedObject(resource, face, normal) }
}

/** The answer of a subresource that does something and has no object to show. */
export function doneAnswer(): StatusAnswer {
  return { type: 'status', code: 201, status: { ...errors.success(), code: 201 } }
}
