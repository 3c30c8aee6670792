import { formatTime, randomSuffix } from '#base'
import {
  defaultObject,
  errors,
  formatGroupVersion,
  validateObjectMeta,
  type FieldError,
  type ObjectDraft,
} from '#machinery'
import type { AdmissionAttributes } from '../admission/admission.ts'
import { limits } from '../limits.ts'
import type { Answer } from '../request.ts'
import { commit, committed, decideAlongside, keyOf, prepare, toStorage } from './attempt.ts'
import { decodeBody, readBody } from './body.ts'
import { groupKind, groupResource, strategyContext, type Call } from './call.ts'
import { serve, serveUnstored } from './get.ts'
import { recordOwnership } from './ownership.ts'
import { readWriteOptions, type WriteOptions } from './write-options.ts'

/** POST to a collection. */
export async function create(call: Call): Promise<Answer> {
  const options = readWriteOptions(call, 'CreateOptions')
  const body = await readBody(call)
  const hooks = call.registry.hooksOf(call.resource)
  if (hooks?.create !== undefined) {
    return hooks.create({
      call,
      request: call.request,
      info: call.info,
      user: call.user,
      body: decodeBody(call, call.face, body, options),
      warn: call.warn,
    })
  }
  const draft = decodeBody(call, call.face, body, options)
  return createObject(call, draft, options)
}

/**
 * Creates what has been decoded: for POST, and for PUT and apply of a name that is not there. An
 * apply has recorded by itself who owns what (`ownsFields`).
 */
export async function createObject(
  call: Call,
  draft: ObjectDraft,
  options: WriteOptions,
  ownsFields = false,
): Promise<Answer> {
  const { metadata } = draft
  settleNamespace(call, draft)
  if ((metadata.resourceVersion ?? '') !== '') {
    throw errors.badRequest('resourceVersion should not be set on objects to be created')
  }
  const generated = (metadata.name ?? '') === '' && (metadata.generateName ?? '') !== ''
  if (!generated && (metadata.name ?? '') === '') {
    throw errors.invalid(groupKind(call), '', [
      {
        type: 'FieldValueRequired',
        field: 'metadata.name',
        badValue: '',
        detail: 'name or generateName is required',
      },
    ])
  }
  defaultObject(call.face, draft)
  resetSystemMetadata(call, draft)
  const attributes = admissionAttributes(call, options, draft)
  // Before admission: nobody owns what plugins add.
  if (!ownsFields) recordOwnership(call, draft, undefined, options.fieldManager)
  await call.registry.admission.admit(attributes)
  let contended = 0
  for (let attempt = 1; ; attempt++) {
    if (generated) {
      const prefix = (metadata.generateName ?? '').slice(0, limits.generateNamePrefixMax)
      metadata.name = prefix + randomSuffix(call.registry.random, limits.nameSuffixLength)
    }
    const answer = await attemptCreate(call, structure(draft), attributes, options)
    if (answer === 'contended') {
      attempt--
      if (++contended < limits.writeAttemptsMax) continue
      throw errors.serverTimeout(groupResource(call), 'create', 0)
    }
    if (answer !== undefined) return answer
    const name = metadata.name ?? ''
    if (!generated) throw errors.alreadyExists(groupResource(call), name)
    if (attempt === limits.generateNameAttemptsMax) {
      throw errors.generateNameConflict(groupResource(call), name, 1)
    }
  }
}

/** One try to store the object; undefined when the name is taken, contended when to try again. */
async function attemptCreate(
  call: Call,
  requested: ObjectDraft,
  attributes: AdmissionAttributes,
  options: WriteOptions,
): Promise<Answer | 'contended' | undefined> {
  const { resource, registry } = call
  const draft = toStorage(call, requested)
  const context = strategyContext(call)
  emptyStatus(call, draft)
  if (resource.generation) draft.metadata.generation = 1
  resource.prepareForCreate?.(draft, context)

  const alongside = await decideAlongside(call, {
    operation: 'CREATE',
    draft,
    old: undefined,
    dryRun: options.dryRun,
  })
  const { object, encoded } = prepare(resource, draft)
  const name = object.metadata.name ?? ''
  const problems: FieldError[] = [
    ...validateObjectMeta(object.metadata, {
      namespaced: resource.namespaced,
      validateName: resource.validateName,
    }),
    ...(resource.validate?.(object, context) ?? []),
  ]
  if (problems.length > 0) throw errors.invalid(groupKind(call), name, problems)
  for (const warning of resource.warnings?.(object, undefined, context) ?? []) call.warn(warning)
  await registry.admission.validate({ ...attributes, object: draft, name })

  const key = keyOf(call, name)
  const current = registry.cache.cache(resource).getByKey(key)
  if (options.dryRun) {
    if (current !== undefined) return undefined
    return serveUnstored(call, object, 201)
  }
  // A name that is taken for all to see needs no transaction to find out, but a write that is not
  // yet durable may take it away: only the store decides.
  const result = await commit(call, key, undefined, {
    type: 'put',
    prepared: { object, encoded },
    alongside,
  })
  // The name is still free: what goes alongside was taken by somebody else, so choose anew.
  if (!result.succeeded) return result.current[0] === undefined ? 'contended' : undefined
  return serve(call, committed(call, key, { object, encoded }, undefined, result), 201)
}

/** The namespace of the URL and of the object must agree; an absent one takes the URL's. */
export function settleNamespace(call: Call, draft: ObjectDraft): void {
  const { metadata } = draft
  if (!call.resource.namespaced) {
    delete metadata.namespace
    return
  }
  const given = metadata.namespace ?? ''
  if (given === '') metadata.namespace = call.info.namespace
  else if (given !== call.info.namespace) {
    throw errors.badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    )
  }
}

/** What the server alone says about a new object. */
function resetSystemMetadata(call: Call, draft: ObjectDraft): void {
  const { metadata } = draft
  const { clock, random } = call.registry
  metadata.uid = random.uuid()
  metadata.creationTimestamp = formatTime(clock.now())
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
  delete metadata.generation
  draft.apiVersion = formatGroupVersion(call.face)
}

/** Status is written through its own subresource, unless the kind takes a first one. */
function emptyStatus(call: Call, draft: ObjectDraft): void {
  const { subresources, keepsStatusAtCreation } = call.resource
  if (subresources['status'] !== undefined && keepsStatusAtCreation !== true) {
    delete (draft as ObjectDraft & { status?: unknown }).status
  }
}

export function admissionAttributes(
  call: Call,
  options: WriteOptions,
  object: ObjectDraft | undefined,
): AdmissionAttributes {
  const { info, user, resource, face } = call
  return {
    operation: 'CREATE',
    resource,
    face,
    subresource: info.subresource,
    namespace: info.namespace,
    name: object?.metadata.name ?? '',
    object,
    old: undefined,
    user,
    dryRun: options.dryRun,
    options: { fieldManager: options.fieldManager },
    warn: call.warn,
  }
}

/** A copy whose top and metadata can be changed without touching the original. */
function structure(draft: ObjectDraft): ObjectDraft {
  return { ...draft, metadata: { ...draft.metadata } }
}
