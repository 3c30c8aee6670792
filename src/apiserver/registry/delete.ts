import {
  DeleteOptions as DeleteOptionsSchema,
  type DeleteOptions as DeleteOptionsObject,
} from '#api'
import { formatTime, parseTime } from '#base'
import {
  DecodeError,
  errors,
  field,
  FieldPath,
  finalizerDeleteDependents,
  finalizerOrphanDependents,
  mutable,
  Normalizer,
  type FieldError,
  type KubeObject,
  type ObjectDraft,
} from '#machinery'
import type { CacheEntry } from '../cache/entry.ts'
import { limits } from '../limits.ts'
import { isTrue } from '../request-info.ts'
import type { Answer } from '../request.ts'
import { commit, committed, keyOf, prepare, standing } from './attempt.ts'
import { readBody, type ParsedBody } from './body.ts'
import { cacheOf, groupResource, strategyContext, type Call } from './call.ts'
import { admissionAttributes } from './create.ts'
import { serve, serveUnstored } from './get.ts'
import { modified } from './update.ts'
import { readDryRun } from './write-options.ts'

/** `metav1.DeleteOptions`, checked. */
export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined
  readonly propagation: 'Orphan' | 'Background' | 'Foreground' | undefined
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
  readonly dryRun: boolean
}

/** DELETE of one object. */
export async function remove(call: Call): Promise<Answer> {
  return removeObject(call, readDeleteOptions(call, await readBody(call)))
}

/** The loop of a deletion: marks the object where something must happen first, else removes it. */
export async function removeObject(call: Call, options: DeleteOptions): Promise<Answer> {
  const key = keyOf(call, call.info.name)
  await call.registry.cache.fresh()
  let current = cacheOf(call).getByKey(key)
  for (let attempt = 1; attempt <= limits.writeAttemptsMax; attempt++) {
    if (current === undefined) throw errors.notFound(groupResource(call), call.info.name)
    const outcome = await attemptDelete(call, key, current, options)
    if (outcome.done) return outcome.answer
    current = outcome.standing
  }
  throw modified(call)
}

type Outcome =
  | { readonly done: true; readonly answer: Answer }
  | { readonly done: false; readonly standing: CacheEntry | undefined }

async function attemptDelete(
  call: Call,
  key: string,
  current: CacheEntry,
  options: DeleteOptions,
): Promise<Outcome> {
  const { registry, resource } = call
  checkPreconditions(call, current, options)
  const writeOptions = {
    dryRun: options.dryRun,
    fieldManager: '',
    fieldValidation: 'Ignore',
    force: undefined,
  } as const
  const attributes = {
    ...admissionAttributes(call, writeOptions, undefined),
    operation: 'DELETE' as const,
    name: current.name,
    old: current.object,
    options: { ...options },
  }
  await registry.admission.admit(attributes)
  await registry.admission.validate(attributes)

  const marked = mark(call, current.object, options)
  if (marked === 'delete') {
    if (!options.dryRun) {
      const result = await commit(call, key, current, { type: 'delete' })
      if (!result.succeeded) return { done: false, standing: standing(call, key, result) }
    }
    return { done: true, answer: deleted(call, current) }
  }
  if (marked === 'unchanged') return { done: true, answer: serve(call, current) }
  const prepared = prepare(resource, marked)
  if (options.dryRun) return { done: true, answer: serveUnstored(call, prepared.object) }
  const result = await commit(call, key, current, { type: 'put', prepared })
  if (!result.succeeded) return { done: false, standing: standing(call, key, result) }
  return { done: true, answer: serve(call, committed(call, key, prepared, current, result)) }
}

/**
 * What a deletion makes of an object: gone at once, or marked because of a grace period, of
 * finalizers, or of what the kind waits for (API conventions, "Graceful deletion"; KEP garbage
 * collection for the propagation policies).
 */
function mark(
  call: Call,
  object: KubeObject,
  options: DeleteOptions,
): ObjectDraft | 'delete' | 'unchanged' {
  const { resource, registry } = call
  const nowMs = registry.clock.now()
  const draft = mutable<KubeObject>(object)
  const { metadata } = draft
  const finalizers = finalizersFor(call, object, options)
  const waits = finalizers.length > 0 || (resource.pendingFinalizers?.(object) ?? []).length > 0
  if (finalizers.length > 0) metadata.finalizers = finalizers
  else delete metadata.finalizers

  const grace = graceSeconds(resource.deletionGrace?.(object, options.gracePeriodSeconds) ?? 0)
  if (metadata.deletionTimestamp === undefined) {
    if (grace === 0 && !waits) return 'delete'
    metadata.deletionTimestamp = formatTime(nowMs + grace * 1000)
    metadata.deletionGracePeriodSeconds = grace
    if (metadata.generation !== undefined) metadata.generation += 1
    resource.markDeleting?.(draft, strategyContext(call))
    return draft
  }
  // Already on its way out: the time left can only become shorter.
  const given = metadata.deletionGracePeriodSeconds ?? 0
  if (grace === 0 && !waits) return 'delete'
  if (grace < given && options.gracePeriodSeconds !== undefined) {
    const asked = (parseTime(metadata.deletionTimestamp) ?? nowMs) - given * 1000
    metadata.deletionTimestamp = formatTime(Math.max(asked + grace * 1000, 0))
    metadata.deletionGracePeriodSeconds = grace
    return draft
  }
  const before = object.metadata.finalizers ?? []
  const same =
    before.length === finalizers.length && before.every((name) => finalizers.includes(name))
  return same ? 'unchanged' : draft
}

/** The finalizers that the propagation policy asks for, added or taken away. */
function finalizersFor(call: Call, object: KubeObject, options: DeleteOptions): string[] {
  const names = object.metadata.finalizers ?? []
  const others = names.filter(
    (name) => name !== finalizerOrphanDependents && name !== finalizerDeleteDependents,
  )
  const chosen =
    options.propagation ??
    (names.length > others.length ? undefined : call.resource.defaultPropagation)
  switch (chosen) {
    case 'Orphan':
      return [...others, finalizerOrphanDependents]
    case 'Foreground':
      return [...others, finalizerDeleteDependents]
    case 'Background':
      return others
    case undefined:
      return [...names]
  }
}

function checkPreconditions(call: Call, current: CacheEntry, options: DeleteOptions): void {
  const refuse = (what: string, wanted: string, actual: string) => {
    throw errors.conflict(
      groupResource(call),
      current.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`,
    )
  }
  const { uid, resourceVersion } = options
  if (uid !== undefined && uid !== current.uid) refuse('UID', uid, current.uid)
  if (resourceVersion !== undefined && resourceVersion !== String(current.modRevision)) {
    refuse('ResourceVersion', resourceVersion, String(current.modRevision))
  }
}

/** The last state where the kind says so, else a Status that names what is gone. */
function deleted(call: Call, current: CacheEntry): Answer {
  if (call.resource.returnsDeleted === true) return serve(call, current)
  const status = errors.success({
    name: current.name,
    group: call.face.group,
    kind: call.resource.name,
    uid: current.uid,
  })
  return { type: 'status', code: 200, status }
}

const propagations = ['Orphan', 'Background', 'Foreground'] as const

/** From the body, or from the query where there is none. */
export function readDeleteOptions(call: Call, body: ParsedBody | undefined): DeleteOptions {
  const { query } = call.request
  const absent = body?.value === undefined || body.value === null
  const given = decodeOptions(absent ? fromQuery(query) : body.value)
  const problems: FieldError[] = []
  const { preconditions, propagationPolicy: policy, orphanDependents: orphan } = given
  const propagation = propagations.find((name) => name === policy)
  const path = FieldPath.root('propagationPolicy')
  if (policy !== undefined && orphan !== undefined) {
    problems.push(
      field.invalid(path, policy, 'orphanDependents and deletionPropagation cannot be both set'),
    )
  } else if (policy !== undefined && propagation === undefined) {
    problems.push(field.notSupported(path, policy, ['Background', 'Foreground', 'Orphan']))
  }
  const dryRun = readDryRun([...query.getAll('dryRun'), ...(given.dryRun ?? [])], problems)
  if (problems.length > 0) {
    throw errors.invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', problems)
  }
  const grace = given.gracePeriodSeconds
  return {
    // Negative values mean the kind's default, as upstream has them.
    gracePeriodSeconds: grace === undefined || grace < 0 ? undefined : graceSeconds(grace),
    propagation:
      propagation ?? (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background'),
    uid: preconditions?.uid,
    resourceVersion: preconditions?.resourceVersion,
    dryRun,
  }
}

/** A period that ends within the years a timestamp can tell. */
function graceSeconds(given: number | bigint): number {
  return Math.min(Number(given), limits.gracePeriodSecondsMax)
}

function decodeOptions(value: unknown): DeleteOptionsObject {
  try {
    return new Normalizer().struct(DeleteOptionsSchema, value)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw errors.badRequest(
      `DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${error.message}`,
      { cause: error },
    )
  }
}

/** What can be said without a body. */
function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const grace = query.get('gracePeriodSeconds')
  if (grace !== null && !/^-?\d{1,18}$/.test(grace)) {
    throw errors.badRequest(
      `invalid value ${JSON.stringify(grace)} for query parameter gracePeriodSeconds: it must be an integer`,
    )
  }
  const orphan = query.get('orphanDependents')
  const policy = query.get('propagationPolicy')
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: BigInt(grace) }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
  }
}
