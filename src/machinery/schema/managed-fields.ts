import { parseTime } from '#base'
import type { KubeObject } from '../resource.ts'
import type { ManagedFieldsEntry } from '../object-meta.ts'
import { quote } from '../quote.ts'
import { compareObjects, type Comparison } from './compare.ts'
import { Normalizer } from './decode.ts'
import {
  difference,
  emptySet,
  equalSets,
  FieldSetError,
  isEmptySet,
  parseFieldSet,
  setOfFields,
  union,
  withoutFields,
  type FieldSet,
} from './field-set.ts'
import { FieldShapes } from './field-shapes.ts'
import { reconcileFields } from './reconcile.ts'
import type { Json, StructSchema } from './schema.ts'

/** Who writes, and what is needed to say which fields that makes theirs (KEP-555). */
export interface FieldWrite {
  /** The schema of the whole object in the version of the request (`wholeObject`). */
  readonly schema: StructSchema
  /** The version of the request, which all objects here are in. */
  readonly apiVersion: string
  readonly manager: string
  /** '' for the resource itself. */
  readonly subresource: string
  /** Now, as RFC 3339 in whole seconds and UTC. */
  readonly time: string
  /** Fields that this kind of write resets, with all below: nobody gains or loses them. */
  readonly reset?: FieldSet | undefined
  /** The other versions of the kind; without it, their entries are dropped as obsolete. */
  readonly versions?: Versions | undefined
}

export interface Versions {
  /** Undefined for a version that is no longer served. */
  schemaOf(apiVersion: string): StructSchema | undefined
  convert(object: Json, from: string, to: string): Json
}

/** What one manager owns by one way of writing. */
export interface Ownership {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly fields: FieldSet
  /** What it was read from, to be written again unless something changes. */
  readonly entry?: ManagedFieldsEntry | undefined
}

/** By identity: manager, operation, subresource and, for updates, version. */
export type Owners = Map<string, Ownership>

const neverOwned = setOfFields([
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'selfLink'],
  ['metadata', 'uid'],
  ['metadata', 'clusterName'],
  ['metadata', 'generation'],
  ['metadata', 'managedFields'],
  ['metadata', 'resourceVersion'],
])

const maxUpdateManagers = 10

/**
 * `metadata.managedFields` after a plain write that turns `live` (absent at creation) into `next`:
 * what changed becomes the manager's, what others owned of it is no longer theirs, and what is gone
 * is nobody's. Entries that stay as they were are the same objects, and when all do, so is the list.
 *
 * A request may bring managedFields of its own, which then replace the live ones; an empty list or
 * one empty entry starts anew. Objects that are not tracked stay so. An empty list where fields
 * cannot be told apart (a map list whose items lack their keys).
 */
export function updateManagedFields(
  write: FieldWrite & { readonly live: KubeObject | undefined; readonly next: KubeObject },
): readonly ManagedFieldsEntry[] {
  const { live, next } = write
  const before = reconcileOwners(write, ownersBefore(live, next, write.subresource !== ''))
  if (before.size === 0 && live !== undefined) return []
  try {
    if (live === undefined && before.size === 0) return entriesOfCreation(write, untracked(next))
    const old = live === undefined ? emptyObject(write.schema) : untracked(live)
    const owners = ownersAfterUpdate(write, old, untracked(next), before)
    return writeOwners(owners, live?.metadata.managedFields)
  } catch (error) {
    if (error instanceof FieldSetError) return []
    throw error
  }
}

/** With nobody else there the creator owns all that is set. */
function entriesOfCreation(write: FieldWrite, next: Json): readonly ManagedFieldsEntry[] {
  const before = emptyObject(write.schema)
  const fields = shapesOf(write).setFor(next, () => {
    const { modified, added } = compareReset(write, before, next)
    return difference(union(modified, added), neverOwned)
  })
  return isEmptySet(fields) ? [] : [entryOf(ownership(write, 'Update', fields))]
}

const shapes = new WeakMap<StructSchema, Map<FieldSet | undefined, FieldShapes>>()

function shapesOf({ schema, reset }: FieldWrite): FieldShapes {
  let byReset = shapes.get(schema)
  if (byReset === undefined) shapes.set(schema, (byReset = new Map()))
  let found = byReset.get(reset)
  if (found === undefined) {
    byReset.set(reset, (found = new FieldShapes(schema, emptyObject(schema))))
  }
  return found
}

/** The owners after `live` became `next` by a plain write; see `updateManagedFields`. */
export function ownersAfterUpdate(
  write: FieldWrite,
  live: Json,
  next: Json,
  before: Owners,
): Owners {
  const { owners, comparison } = ownersOfTheRest(write, live, next, before, undefined)
  const changed = union(comparison.modified, comparison.added)
  const fields = difference(withoutReset(changed, write.reset), neverOwned)
  if (isEmptySet(fields)) return withFewUpdates(owners)
  const mine = ownership(write, 'Update', fields)
  const key = identify(mine)
  const previous = owners.get(key)
  owners.set(
    key,
    previous === undefined ? mine : { ...mine, fields: union(fields, previous.fields) },
  )
  return withFewUpdates(owners)
}

/**
 * What everybody but `self` keeps when `live` becomes `next`, and what each loses to the change
 * (of which a server-side apply makes conflicts).
 */
export function ownersOfTheRest(
  write: FieldWrite,
  live: Json,
  next: Json,
  before: Owners,
  self: string | undefined,
): {
  readonly owners: Owners
  readonly comparison: Comparison
  readonly lost: ReadonlyMap<string, FieldSet>
} {
  const comparisons = new Map<string, Comparison | undefined>()
  const comparisonAt = (apiVersion: string): Comparison | undefined => {
    if (!comparisons.has(apiVersion)) {
      comparisons.set(apiVersion, compareAt(write, live, next, apiVersion))
    }
    return comparisons.get(apiVersion)
  }
  const owners: Owners = new Map()
  const lost = new Map<string, FieldSet>()
  for (const [key, owner] of before) {
    const comparison = key === self ? undefined : comparisonAt(owner.apiVersion)
    if (comparison === undefined) {
      if (key === self) owners.set(key, owner)
      continue
    }
    const changed = union(comparison.modified, comparison.added)
    const kept = difference(owner.fields, changed)
    if (kept !== owner.fields) lost.set(key, difference(owner.fields, kept))
    const fields = difference(kept, comparison.removed)
    if (isEmptySet(fields)) continue
    owners.set(key, fields === owner.fields ? owner : { ...owner, fields, entry: undefined })
  }
  const comparison = comparisonAt(write.apiVersion)
  return { owners, comparison: comparison ?? compareReset(write, live, next), lost }
}

function compareAt(
  write: FieldWrite,
  live: Json,
  next: Json,
  apiVersion: string,
): Comparison | undefined {
  if (apiVersion === write.apiVersion) return compareReset(write, live, next)
  const { versions } = write
  const schema = versions?.schemaOf(apiVersion)
  if (versions === undefined || schema === undefined) return undefined
  const convert = (object: Json) => versions.convert(object, write.apiVersion, apiVersion)
  return compareReset({ ...write, schema }, convert(live), convert(next))
}

function compareReset({ schema, reset }: FieldWrite, live: Json, next: Json): Comparison {
  const comparison = compareObjects(schema, live, next)
  if (reset === undefined) return comparison
  return {
    removed: withoutReset(comparison.removed, reset),
    modified: withoutReset(comparison.modified, reset),
    added: withoutReset(comparison.added, reset),
  }
}

export function withoutReset(set: FieldSet, reset: FieldSet | undefined): FieldSet {
  return reset === undefined ? set : withoutFields(set, reset)
}

/** Without the fields of metadata that the system owns. */
export function withoutSystemFields(set: FieldSet): FieldSet {
  return difference(set, neverOwned)
}

/** A new ownership of the writer's. */
export function ownership(
  write: FieldWrite,
  operation: 'Apply' | 'Update',
  fields: FieldSet,
): Ownership {
  return {
    manager: write.manager === '' ? 'unknown' : write.manager,
    operation,
    apiVersion: write.apiVersion,
    subresource: write.subresource,
    time: write.time,
    fields,
  }
}

const emptyObjects = new WeakMap<StructSchema, Json>()

/** An object before its creation: what a kind's zero value has. */
export function emptyObject(schema: StructSchema): Json {
  const known = emptyObjects.get(schema)
  if (known !== undefined) return known
  const made = schema.structural === undefined ? (new Normalizer().struct(schema, {}) as Json) : {}
  emptyObjects.set(schema, made)
  return made
}

/** The object without its managedFields, which are never managed themselves. */
export function untracked(object: KubeObject): Json {
  const { metadata } = object
  if (metadata.managedFields === undefined) return object as unknown as Json
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

/** Owners as the present schemas see them; only documents change while objects are stored. */
export function reconcileOwners(write: FieldWrite, owners: Owners): Owners {
  if (write.schema.structural === undefined) return owners
  const reconciled: Owners = new Map()
  for (const [key, owner] of owners) {
    const { apiVersion } = owner
    const schema =
      apiVersion === write.apiVersion ? write.schema : write.versions?.schemaOf(apiVersion)
    const fields = schema === undefined ? owner.fields : reconcileFields(schema, owner.fields)
    reconciled.set(key, fields === owner.fields ? owner : { ...owner, fields })
  }
  return reconciled
}

function ownersBefore(live: KubeObject | undefined, next: KubeObject, fromLive: boolean): Owners {
  if (!fromLive) {
    const given = next.metadata.managedFields
    if (given !== undefined && isReset(given)) return new Map()
    const owners = readOrEmpty(given)
    if (owners.size > 0) return owners
  }
  return readOrEmpty(live?.metadata.managedFields)
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  const [first] = entries
  return first === undefined || (entries.length === 1 && Object.keys(first).length === 0)
}

function readOrEmpty(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  try {
    return readOwners(entries)
  } catch (error) {
    if (error instanceof FieldSetError) return new Map()
    throw error
  }
}

/** Reads managedFields. Throws a FieldSetError for entries that say nothing meaningful. */
export function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  const owners: Owners = new Map()
  for (const [at, entry] of (entries ?? []).entries()) {
    const { manager = '', operation, apiVersion = '', subresource = '', fieldsType = '' } = entry
    if (operation !== 'Apply' && operation !== 'Update') {
      throw new FieldSetError('operation must be `Apply` or `Update`')
    }
    if (apiVersion === '') throw new FieldSetError('apiVersion must not be empty')
    if (fieldsType === '') {
      throw new FieldSetError(`missing fieldsType in managed fields entry ${at}`)
    }
    if (fieldsType !== 'FieldsV1') {
      throw new FieldSetError(
        `invalid fieldsType ${quote(fieldsType)} in managed fields entry ${at}`,
      )
    }
    const fields = parseFieldSet(entry.fieldsV1)
    const owner = { manager, operation, apiVersion, subresource, time: entry.time, fields, entry }
    owners.set(identify(owner), owner)
  }
  return owners
}

/**
 * managedFields as upstream orders them; the previous list itself where it says the same.
 */
export function writeOwners(
  owners: Owners,
  previous: readonly ManagedFieldsEntry[] | undefined,
): readonly ManagedFieldsEntry[] {
  const entries = [...owners.values()].sort(compareOwners).map(entryOf)
  if (previous?.length !== entries.length) return entries
  return entries.every((entry, at) => entry === previous[at]) ? previous : entries
}

function entryOf(owner: Ownership): ManagedFieldsEntry {
  const { entry } = owner
  if (entry !== undefined && entry.fieldsV1 === (owner.fields as Json)) return entry
  return {
    ...(owner.manager === '' ? {} : { manager: owner.manager }),
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: owner.fields,
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  }
}

function compareOwners(a: Ownership, b: Ownership): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  )
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function secondsOf({ time }: Ownership): number {
  return time === undefined ? 0 : Math.floor((parseTime(time) ?? 0) / 1000)
}

export function identify(
  owner: Pick<Ownership, 'manager' | 'operation' | 'apiVersion' | 'subresource'>,
): string {
  // Field by field as upstream's identifiers are, which order entries of the same second.
  return JSON.stringify({
    ...(owner.manager === '' ? {} : { manager: owner.manager }),
    operation: owner.operation,
    ...(owner.operation === 'Apply' ? {} : { apiVersion: owner.apiVersion }),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  })
}

/** Joins the oldest updates of a version into one, so that no more than ten updates are listed. */
function withFewUpdates(owners: Owners): Owners {
  const updates = [...owners].filter(([, owner]) => owner.operation === 'Update')
  let count = updates.length
  if (count <= maxUpdateManagers) return owners
  updates.sort(([a, x], [b, y]) => secondsOf(x) - secondsOf(y) || compareText(a, b))
  const firstOfVersion = new Map<string, string>()
  for (const [key, owner] of updates) {
    if (count <= maxUpdateManagers) break
    const first = firstOfVersion.get(owner.apiVersion)
    if (first === undefined) {
      firstOfVersion.set(owner.apiVersion, key)
      continue
    }
    const ancient = {
      manager: 'ancient-changes',
      operation: 'Update',
      apiVersion: owner.apiVersion,
      subresource: '',
      time: owner.time,
    } as const
    const bucketKey = identify(ancient)
    const bucket = owners.get(bucketKey) ?? owners.get(first)
    if (!owners.has(bucketKey)) owners.delete(first)
    owners.delete(key)
    owners.set(bucketKey, {
      ...ancient,
      fields: union(owner.fields, bucket?.fields ?? emptySet),
    })
    count--
  }
  return owners
}

/** Whether two lists say the same but for times, so that writing the second would be idle. */
export function sameOwnership(
  a: readonly ManagedFieldsEntry[] | undefined,
  b: readonly ManagedFieldsEntry[] | undefined,
): boolean {
  if (a === b) return true
  if ((a?.length ?? 0) !== (b?.length ?? 0)) return false
  const owners = readOrEmpty(b)
  return [...readOrEmpty(a)].every(([key, owner]) => {
    const other = owners.get(key)
    return (
      other !== undefined &&
      owner.apiVersion === other.apiVersion &&
      equalSets(owner.fields, other.fields)
    )
  })
}

/**
 * Who a request without `fieldManager` writes as: the product of its User-Agent up to the first
 * slash, `kubectl/v1.33.0 (linux/amd64)` → `kubectl`, cut to 128 characters that can be printed.
 */
export function managerFromUserAgent(userAgent: string): string {
  const [product = ''] = userAgent.split('/', 1)
  const printable = Array.from(product).filter((char) =>
    /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char),
  )
  let name = ''
  for (const char of printable) {
    if (Buffer.byteLength(name + char) > 128) break
    name += char
  }
  return name
}
