import type { ManagedFieldsEntry } from '../object-meta.ts'
import { quote } from '../quote.ts'
import type { KubeObject } from '../resource.ts'
import { applyConflict, badRequest, type StatusCause, type StatusError } from '../status.ts'
import { checkApplied } from './check-applied.ts'
import { compareObjects, equalJson, fieldSetOf, isEmpty } from './compare.ts'
import { difference, FieldSetError, isEmptySet, printPaths, type FieldSet } from './field-set.ts'
import { goText } from './go-text.ts'
import {
  emptyObject,
  identify,
  ownersAfterUpdate,
  ownersOfTheRest,
  ownership,
  readOwners,
  reconcileOwners,
  untracked,
  withoutReset,
  withoutSystemFields,
  writeOwners,
  type FieldWrite,
  type Owners,
  type Ownership,
} from './managed-fields.ts'
import { unclassified } from './unclassified.ts'
import { mergeValues } from './merge.ts'
import { dictionaryIn, getOwn, isDictionary } from './own-property.ts'
import { prune } from './prune.ts'
import type { Json } from './schema.ts'

export interface ApplyRequest extends FieldWrite {
  /** In the version of the request; absent when the apply creates the object. */
  readonly live: KubeObject | undefined
  /** The configuration as the client wrote it, parsed but not normalized. */
  readonly applied: Json
  /** Takes over what conflicts. */
  readonly force: boolean
}

export type ApplyResult =
  | {
      readonly ok: true
      /** To be decoded and defaulted; without managedFields. Equal to the live one if idle. */
      readonly object: Json
      readonly managedFields: readonly ManagedFieldsEntry[]
    }
  | { readonly ok: false; readonly conflicts: StatusError }

/**
 * Server-side apply (KEP-555): merges the configuration into the live object, gives its fields to
 * the manager, and removes what this manager applied before, no longer applies, and nobody else
 * owns. Fields that would change and that others own are conflicts unless forced.
 *
 * Throws a StatusError for a configuration that cannot be applied: another type or version, fields
 * the schema does not have, wrong types, items twice.
 */
export function applyPatch(request: ApplyRequest): ApplyResult {
  const { schema, apiVersion, applied } = request
  if (isDictionary(applied) && getOwn(applied, 'apiVersion') !== apiVersion) {
    const given = getOwn(applied, 'apiVersion')
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${goText(given)}, expected: ${apiVersion}`,
    )
  }
  const metadata = isDictionary(applied) ? getOwn(applied, 'metadata') : undefined
  if (isDictionary(metadata) && !isEmpty(getOwn(metadata, 'managedFields'))) {
    throw badRequest('metadata.managedFields must be nil')
  }
  checkApplied(schema, applied)
  const attempt = mergeApplied(request, request.force)
  const withKubectl = attempt.ok ? attempt : againstLastApplied(request, attempt.lost)
  if (!withKubectl.ok) {
    return { ok: false, conflicts: conflictOf(withKubectl.lost) }
  }
  const { object, owners, idle } = withKubectl
  return {
    ok: true,
    object: idle ? object : withLastApplied(request, object),
    managedFields: writeOwners(owners, request.live?.metadata.managedFields),
  }
}

type Lost = ReadonlyMap<string, { readonly owner: Ownership; readonly fields: FieldSet }>

type Attempt =
  | { readonly ok: true; readonly object: Json; readonly owners: Owners; readonly idle: boolean }
  | { readonly ok: false; readonly lost: Lost }

function mergeApplied(request: ApplyRequest, force: boolean): Attempt {
  try {
    return mergeOntoLive(request, force)
  } catch (error) {
    if (!(error instanceof FieldSetError)) throw error
    // Items without a key, from a plain write: nobody can be told to own them.
    throw unclassified(`failed to create typed live object: ${error.message}`)
  }
}

function mergeOntoLive(request: ApplyRequest, force: boolean): Attempt {
  const { schema, applied, reset } = request
  const live = request.live === undefined ? emptyObject(schema) : untracked(request.live)
  const before = ownersOfLive(request, live)
  const fields = withoutReset(fieldSetOf(schema, applied), reset)
  const mine = ownership(request, 'Apply', fields)
  const key = identify(mine)
  const last = before.get(key)
  const owners: Owners = new Map(before).set(key, mine)
  const merged = mergeValues(schema, live, applied)
  const object = last === undefined ? merged : prune(request, merged, owners, last)
  const rest = ownersOfTheRest(request, live, object, owners, key)
  if (!force && rest.lost.size > 0) return { ok: false, lost: lostBy(before, rest.lost) }
  const idle = equalJson(live, object)
  const kept = withoutSystemFields(fields)
  if (isEmptySet(kept)) rest.owners.delete(key)
  else
    rest.owners.set(
      key,
      idle ? unchanged({ ...mine, fields: kept }, last) : { ...mine, fields: kept },
    )
  return { ok: true, object, owners: rest.owners, idle }
}

/** An idle apply keeps the time of the last one, and has none if it is the first. */
function unchanged(mine: Ownership, last: Ownership | undefined): Ownership {
  const same = last !== undefined && equalJson(last.fields, mine.fields)
  if (same && last.apiVersion === mine.apiVersion) return last
  return { ...mine, time: last?.time }
}

/** Fields that nobody owns when the first apply comes belong to `before-first-apply`. */
function ownersOfLive(request: ApplyRequest, live: Json): Owners {
  const owners = reconcileOwners(request, readOwners(request.live?.metadata.managedFields))
  if (owners.size > 0 || request.live === undefined) return owners
  const write = { ...request, manager: 'before-first-apply' }
  return ownersAfterUpdate(write, emptyObject(request.schema), live, owners)
}

function lostBy(owners: Owners, lost: ReadonlyMap<string, FieldSet>): Lost {
  const out = new Map<string, { owner: Ownership; fields: FieldSet }>()
  for (const [key, fields] of lost) {
    const owner = owners.get(key)
    if (owner !== undefined) out.set(key, { owner, fields })
  }
  return out
}

/** The 409 with a cause for each field, as upstream words it. */
function conflictOf(lost: Lost): StatusError {
  const conflicts = [...lost.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { owner, fields }]) => ({ manager: printManager(owner), paths: printPaths(fields) }))
  const causes: StatusCause[] = conflicts.flatMap(({ manager, paths }) =>
    paths.map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${manager}`,
      field,
    })),
  )
  const [only] = causes
  if (only !== undefined && causes.length === 1) {
    return applyConflict(causes, `Apply failed with 1 conflict: ${only.message}: ${only.field}`)
  }
  const lines = conflicts.flatMap(({ manager, paths }) => [
    `conflicts with ${manager}:`,
    ...paths.map((path) => `- ${path}`),
  ])
  return applyConflict(causes, `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`)
}

function printManager({ manager, subresource, operation, apiVersion }: Ownership): string {
  const name = quote(manager)
  const place = subresource === '' ? name : `${name} with subresource ${quote(subresource)}`
  return operation === 'Update' ? `${place} using ${apiVersion}` : place
}

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * kubectl moving from client-side to server-side apply: what the live object still has as it was
 * last applied is no conflict.
 */
function againstLastApplied(request: ApplyRequest, lost: Lost): Attempt {
  const allowed = request.manager === 'kubectl' ? lastAppliedFields(request) : undefined
  if (allowed === undefined) return { ok: false, lost }
  const left = new Map(
    [...lost].flatMap(([key, { owner, fields }]) => {
      const rest = difference(fields, allowed)
      return isEmptySet(rest) ? [] : [[key, { owner, fields: rest }] as const]
    }),
  )
  return left.size > 0 ? { ok: false, lost: left } : mergeApplied(request, true)
}

function lastAppliedFields({ schema, apiVersion, live }: ApplyRequest): FieldSet | undefined {
  const annotation = live?.metadata.annotations?.[lastAppliedAnnotation] ?? ''
  if (live === undefined || annotation === '') return undefined
  try {
    const lastApplied: Json = JSON.parse(annotation)
    if (!isDictionary(lastApplied) || getOwn(lastApplied, 'apiVersion') !== apiVersion) {
      return undefined
    }
    const { removed, modified, added } = compareObjects(schema, lastApplied, untracked(live))
    const fields = fieldSetOf(schema, lastApplied)
    return difference(difference(difference(fields, modified), added), removed)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof FieldSetError) return undefined
    throw error
  }
}

/** kubectl's annotation follows what it applies, where the object has one. */
function withLastApplied({ manager, live, applied }: ApplyRequest, object: Json): Json {
  const annotations = live?.metadata.annotations
  if (manager !== 'kubectl' || (annotations?.[lastAppliedAnnotation] ?? '') === '') return object
  if (!isDictionary(object) || !isDictionary(applied)) return object
  const metadata = getOwn(object, 'metadata') ?? null
  const given = getOwn(applied, 'metadata') ?? null
  if (!isDictionary(metadata) || !isDictionary(given)) return object
  const { managedFields: _, ...appliedMetadata } = given
  const appliedAnnotations: Record<string, Json> = { ...dictionaryIn(getOwn(given, 'annotations')) }
  delete appliedAnnotations[lastAppliedAnnotation]
  const configuration = {
    ...applied,
    metadata: isEmpty(appliedAnnotations)
      ? appliedMetadata
      : { ...appliedMetadata, annotations: appliedAnnotations },
  }
  return {
    ...object,
    metadata: {
      ...metadata,
      annotations: {
        ...dictionaryIn(getOwn(metadata, 'annotations')),
        [lastAppliedAnnotation]: `${JSON.stringify(configuration)}\n`,
      },
    },
  }
}
