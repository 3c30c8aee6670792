import {
  defaultObject,
  equalJson,
  errors,
  mutable,
  normalizeObject,
  validateObjectMetaUpdate,
  type FieldError,
  type KubeObject,
  type ObjectDraft,
  type Resource,
  type Subresource,
} from '#machinery'
import { fromStorage, storageFace, type CacheEntry } from '../cache/entry.ts'
import { limits } from '../limits.ts'
import type { Answer } from '../request.ts'
import {
  commit,
  committed,
  decideAlongside,
  keyOf,
  prepare,
  standing,
  toStorage,
} from './attempt.ts'
import { decodeBody, readBody } from './body.ts'
import { cacheOf, groupKind, groupResource, specOf, strategyContext, type Call } from './call.ts'
import { admissionAttributes, createObject } from './create.ts'
import { serve, serveUnstored } from './get.ts'
import { recordOwnership, setManagedFields } from './ownership.ts'
import { readWriteOptions, type WriteOptions } from './write-options.ts'

/**
 * What a write makes of the object that stands now, in the request's face. Asked again for every
 * attempt, with what stands then. It may refuse by throwing.
 */
export interface Change {
  /** The current object is frozen; the draft is a new object that may be changed. */
  apply(current: KubeObject): ObjectDraft | Promise<ObjectDraft>
  /** For a name that is not there: what to create, or undefined to answer 404. */
  create?(): ObjectDraft | undefined
  /** Server-side apply records who owns what by itself. */
  readonly ownsFields?: boolean
  /** Whether a conflict with another writer may be tried again, when the change names no version. */
  readonly retries: boolean
}

/** PUT. */
export async function update(call: Call): Promise<Answer> {
  const options = readWriteOptions(call, 'UpdateOptions')
  const body = await readBody(call)
  const given = decodeBody(call, call.face, body, options)
  checkName(call, given)
  return change(call, options, {
    apply: () => mutable<KubeObject>(given),
    ...(call.resource.createOnUpdate && call.info.subresource === ''
      ? { create: () => mutable<KubeObject>(given) }
      : {}),
    retries: true,
  })
}

/** The loop around one compare-and-swap: every attempt decides anew on the object as it is then. */
export async function change(call: Call, options: WriteOptions, by: Change): Promise<Answer> {
  const key = keyOf(call, call.info.name)
  let current = cacheOf(call).getByKey(key)
  for (let attempt = 1; attempt <= limits.writeAttemptsMax; attempt++) {
    if (current === undefined) {
      // What this server has not seen yet another one may have acknowledged.
      await call.registry.cache.fresh()
      current = cacheOf(call).getByKey(key)
    }
    if (current === undefined) {
      const draft = by.create?.()
      if (draft === undefined) throw errors.notFound(groupResource(call), call.info.name)
      return createObject(call, draft, options, by.ownsFields)
    }
    const outcome = await attemptUpdate(call, key, current, options, by)
    if (outcome.done) return outcome.answer
    current = outcome.standing
    if (!by.retries) throw modified(call)
  }
  throw modified(call)
}

type Outcome =
  | { readonly done: true; readonly answer: Answer }
  | { readonly done: false; readonly standing: CacheEntry | undefined }

async function attemptUpdate(
  call: Call,
  key: string,
  current: CacheEntry,
  options: WriteOptions,
  by: Change,
): Promise<Outcome> {
  const { resource, registry, face } = call
  const subresource = resource.subresources[call.info.subresource]
  const context = strategyContext(call)
  const old = current.object
  const oldFace = fromStorage(face, old)

  const requested = await by.apply(oldFace)
  checkPreconditions(call, requested, current)
  defaultObject(face, requested)
  keepSystemMetadata(requested, oldFace)
  const attributes = {
    ...admissionAttributes(call, options, requested),
    operation: 'UPDATE' as const,
    name: current.name,
    old,
  }
  if (by.ownsFields !== true) recordOwnership(call, requested, oldFace, options.fieldManager)
  await registry.admission.admit(attributes)

  const draft = toStorage(call, requested)
  draft.metadata.resourceVersion = String(current.modRevision)
  carryOver(call, draft, old, subresource)
  const strategy = subresource ?? resource
  strategy.prepareForUpdate?.(draft, old, context)
  countGeneration(call, draft, old)

  const alongside = await decideAlongside(call, {
    operation: 'UPDATE',
    draft,
    old,
    dryRun: options.dryRun,
  })
  const { object, encoded } = prepare(resource, draft)
  // What an older version stored is written anew by the first write, even by one that changes nothing.
  const unchanged = !current.outdated && Buffer.compare(encoded.bytes, current.encoded.bytes) === 0
  const problems: FieldError[] = [
    ...validateObjectMetaUpdate(
      { ...object.metadata, resourceVersion: String(current.modRevision) },
      old.metadata,
    ),
    ...validateUpdate(call, object, old, strategy),
  ]
  if (problems.length > 0) throw errors.invalid(groupKind(call), current.name, problems)
  for (const warning of resource.warnings?.(object, old, context) ?? []) call.warn(warning)
  await registry.admission.validate({ ...attributes, object: draft })

  if (unchanged) return { done: true, answer: serve(call, current) }
  const vanishes = isFinished(call, object)
  const resourceVersion = String(current.modRevision)
  const unstored = { ...object, metadata: { ...object.metadata, resourceVersion } }
  if (options.dryRun) return { done: true, answer: serveUnstored(call, unstored) }
  const prepared = { object, encoded }
  const result = await commit(
    call,
    key,
    current,
    vanishes ? { type: 'delete' } : { type: 'put', prepared, alongside },
  )
  if (!result.succeeded) return { done: false, standing: standing(call, key, result) }
  if (vanishes) return { done: true, answer: serveUnstored(call, unstored) }
  return { done: true, answer: serve(call, committed(call, key, prepared, current, result)) }
}

/** A kind that says nothing special about updates asks of them what it asks of creations. */
function validateUpdate(
  call: Call,
  object: KubeObject,
  old: KubeObject,
  strategy: Pick<Resource, 'validateUpdate'>,
): readonly FieldError[] {
  const context = strategyContext(call)
  if (strategy.validateUpdate !== undefined) return strategy.validateUpdate(object, old, context)
  const whole = call.info.subresource === ''
  return whole ? (call.resource.validate?.(object, context) ?? []) : []
}

/** Name and namespace in the body must be those in the URL; an absent namespace takes the URL's. */
export function checkName({ info, resource }: Call, { metadata }: ObjectDraft): void {
  const { name = '', namespace = '' } = metadata
  if (name === '') {
    throw errors.badRequest(
      `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
    )
  }
  if (name !== info.name) {
    throw errors.badRequest(
      `the name of the object (${name}) does not match the name on the URL (${info.name})`,
    )
  }
  if (!resource.namespaced) delete metadata.namespace
  else if (namespace === '') metadata.namespace = info.namespace
  else if (namespace !== info.namespace) {
    throw errors.badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the request (${info.namespace})`,
    )
  }
}

function checkPreconditions(call: Call, requested: ObjectDraft, current: CacheEntry): void {
  const { resourceVersion = '', uid = '' } = requested.metadata
  if (uid !== '' && uid !== current.uid) {
    throw errors.conflict(
      groupResource(call),
      current.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.uid}`,
    )
  }
  if (resourceVersion === '' || resourceVersion === '0') {
    if (call.resource.unconditionalUpdate) return
    throw errors.invalid(groupKind(call), current.name, [
      {
        type: 'FieldValueInvalid',
        field: 'metadata.resourceVersion',
        badValue: resourceVersion === '' ? 0 : resourceVersion,
        detail: 'must be specified for an update',
      },
    ])
  }
  if (resourceVersion !== String(current.modRevision)) throw modified(call)
}

export function modified(call: Call) {
  return errors.conflict(
    groupResource(call),
    call.info.name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )
}

/** Metadata that only the server changes stays as it was. */
function keepSystemMetadata(draft: ObjectDraft, old: KubeObject): void {
  const { metadata } = draft
  const before = old.metadata
  setOrDelete(metadata, 'uid', before.uid)
  setOrDelete(metadata, 'creationTimestamp', before.creationTimestamp)
  setOrDelete(metadata, 'deletionTimestamp', before.deletionTimestamp)
  setOrDelete(metadata, 'deletionGracePeriodSeconds', before.deletionGracePeriodSeconds)
  setOrDelete(metadata, 'generation', before.generation)
  setOrDelete(metadata, 'generateName', metadata.generateName ?? before.generateName)
  setOrDelete(metadata, 'selfLink', before.selfLink)
  if (metadata.managedFields === undefined && before.managedFields !== undefined) {
    setManagedFields(draft, before.managedFields)
  }
}

function setOrDelete<T extends object, K extends keyof T>(
  target: T,
  key: K,
  value: T[K] | undefined,
): void {
  if (value === undefined) delete target[key]
  else target[key] = value
}

/** Status and the rest are written through different doors; each leaves the other's part alone. */
function carryOver(
  call: Call,
  draft: ObjectDraft,
  old: KubeObject,
  subresource: Subresource | undefined,
): void {
  const next = draft as ObjectDraft & Record<string, unknown>
  const before = old as KubeObject & Record<string, unknown>
  if (call.info.subresource === '') {
    if (call.resource.subresources['status'] !== undefined) {
      setOrDelete(next, 'status', mutable(before['status']))
    }
    return
  }
  if (call.info.subresource !== 'status' || subresource?.prepareForUpdate !== undefined) return
  for (const name of new Set([...Object.keys(specOf(draft)), ...Object.keys(specOf(old))])) {
    setOrDelete(next, name, mutable(before[name]))
  }
  setOrDelete(next.metadata, 'ownerReferences', mutable(old.metadata.ownerReferences))
}

function countGeneration(call: Call, draft: ObjectDraft, old: KubeObject): void {
  if (!call.resource.generation || call.info.subresource === 'status') return
  const next = normalizeObject(storageFace(call.resource), draft)
  if (!equalJson(specOf(next), specOf(old))) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
}

/** An object whose deletion was only waiting for its finalizers goes with the last of them. */
function isFinished(call: Call, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    (call.resource.pendingFinalizers?.(object) ?? []).length === 0
  )
}
