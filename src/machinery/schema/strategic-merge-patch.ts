import { badRequest, StatusError } from '../status.ts'
import { goKind, goText } from './go-text.ts'
import { getOwn, isDictionary, setOwn, type Dictionary } from './own-property.ts'
import type { Json, Schema, StructSchema } from './schema.ts'
import { unclassified } from './unclassified.ts'

/**
 * Strategic merge patch (API conventions, "Strategic merge patch"): the patch's objects are merged
 * into the current ones, lists are replaced or, where their field says so, merged by key or as
 * sets; null deletes. Directives: `$patch` (`delete`, `replace`), `$deleteFromPrimitiveList/x`,
 * `$setElementOrder/x`, `$retainKeys`.
 *
 * The schema is that of the whole object (`wholeObject`). Both inputs stay as they are; the result
 * shares their parts and still has to be decoded, since a patch may carry anything.
 *
 * Throws a StatusError: a malformed directive is a BadRequest, lists of lists are unprocessable,
 * and everything else is unclassified, a BadRequest as well.
 */
export function strategicMergePatch(schema: StructSchema, current: Json, patch: Json): Json {
  if (!isDictionary(current) || !isDictionary(patch)) throw badRequest('invalid JSON document')
  return mergeObject(schema, current, patch)
}

const deleteFromPrefix = '$deleteFromPrimitiveList/'
const orderPrefix = '$setElementOrder/'

type JsonObject = Dictionary<Json>
type Draft = Record<string, Json>
type List = readonly Json[]

/** What a field says about patching: the schema of its value and how lists are merged. */
interface Place {
  readonly schema: Schema
  readonly strategy: string
  readonly mergeKey: string
}

function mergeObject(schema: Schema, original: JsonObject, patch: JsonObject): JsonObject {
  const directive = getOwn(patch, '$patch')
  if (directive !== undefined) return obeyDirective(directive, patch)
  const draft: Draft = {}
  for (const key of keptKeys(original, patch)) setOwn(draft, key, original[key] ?? null)
  const ordered = mergeOrderedLists(schema, draft, patch)
  for (const [key, change] of Object.entries(patch)) {
    if (key === '$retainKeys' || key.startsWith(orderPrefix) || ordered.has(key)) continue
    mergeField(schema, draft, key, change)
  }
  return draft
}

function obeyDirective(directive: Json, patch: JsonObject): JsonObject {
  if (directive === 'delete') return {}
  if (directive !== 'replace') throw unknownDirective(directive, patch)
  const draft: Draft = {}
  for (const [key, value] of Object.entries(patch)) {
    if (key !== '$patch') setOwn(draft, key, value)
  }
  return draft
}

/** The keys of the original that `$retainKeys` leaves, which must name all that the patch sets. */
function keptKeys(original: JsonObject, patch: JsonObject): readonly string[] {
  const retain = getOwn(patch, '$retainKeys')
  const keys = Object.keys(original)
  if (retain === undefined) return keys
  if (!Array.isArray(retain)) throw badRetainKeys()
  const retained = new Set<Json>(retain)
  for (const [key, value] of Object.entries(patch)) {
    const isDirective =
      key === '$retainKeys' || key.startsWith(deleteFromPrefix) || key.startsWith(orderPrefix)
    if (value !== null && !isDirective && !retained.has(key)) throw badRetainKeys()
  }
  return keys.filter((key) => retained.has(key))
}

function mergeField(schema: Schema, draft: Draft, patchKey: string, change: Json): void {
  const deletes = patchKey.startsWith(deleteFromPrefix)
  const key = deletes ? patchKey.slice(deleteFromPrefix.length) : patchKey
  if (change === null) {
    delete draft[key]
    return
  }
  const value = getOwn(draft, key)
  if (value !== undefined && isDictionary(value) && isDictionary(change)) {
    const place = placeOf(schema, key)
    const merged = place.strategy === 'replace' ? change : mergeObject(place.schema, value, change)
    setOwn(draft, key, merged)
  } else if (Array.isArray(value) && Array.isArray(change)) {
    const place = listPlaceOf(schema, key)
    setOwn(draft, key, mergeList(place, value, change, deletes))
  } else if (!deletes) {
    const taken = withoutDirectives(change, value === undefined || goKind(value) !== goKind(change))
    if (taken === undefined) delete draft[key]
    else setOwn(draft, key, taken)
  }
}

/**
 * Merges the lists for which the patch gives the order of the result, and tells which fields that
 * were. Order: as given; items only the server has stay where they were among the others.
 */
function mergeOrderedLists(schema: Schema, draft: Draft, patch: JsonObject): ReadonlySet<string> {
  const done = new Set<string>()
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(orderPrefix)) continue
    const key = directive.slice(orderPrefix.length)
    if (!Array.isArray(order)) throw badType('slice', order)
    const original = listOrAbsent(getOwn(draft, key))
    const change = listOrAbsent(getOwn(patch, key))
    const place = listPlaceOf(schema, key)
    checkOrder(change ?? [], order, place.mergeKey)
    if (original === undefined && change === undefined) continue
    const merged = mergedBeforeOrder(place, original, change)
    const given = partition(merged, order, place.mergeKey)
    const kind = elementKind(original ?? [], change ?? [])
    setOwn(draft, key, interleave(given, order, original ?? [], place.mergeKey, kind))
    done.add(key)
  }
  return done
}

function mergedBeforeOrder(
  place: Place,
  original: List | undefined,
  change: List | undefined,
): List {
  if (original === undefined) return listWithoutDirectives(change ?? [], false)
  return change === undefined ? original : mergeList(place, original, change, false)
}

function listOrAbsent(value: Json | undefined): List | undefined {
  if (value === undefined || Array.isArray(value)) return value
  throw badType('slice', value)
}

/** The patch's items must stand in the given order's order and all be named there. */
function checkOrder(change: List, order: List, mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return
  const items = mergeKey === '' ? change : change.filter((item) => !hasDirective(item))
  let next = 0
  for (const place of order) {
    const item = items[next]
    if (item === undefined) return
    if (sameItem(item, place, mergeKey)) next++
  }
  if (next < items.length) {
    throw unclassified(
      `The order in patch list:\n${goText(change)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
    )
  }
}

function sameItem(left: Json, right: Json, mergeKey: string): boolean {
  if (mergeKey === '') return left === right
  return mustKey(mustObject(left), mergeKey) === mustKey(mustObject(right), mergeKey)
}

function mergeList(place: Place, original: List, change: List, deletes: boolean): List {
  if (place.strategy !== 'merge' && !deletes) return change
  if (original.length === 0 && change.length === 0) return original
  const kind = elementKind(original, change)
  if (kind !== 'map') {
    if (deletes) {
      const gone = new Set(change)
      return original.filter((item) => !gone.has(item))
    }
    const merged = [...new Set([...original, ...change])]
    return interleave(partition(merged, change, ''), change, original, '', kind)
  }
  const { mergeKey } = place
  if (mergeKey === '') {
    throw unclassified(`cannot merge lists without merge key for ${goSchemaKind(place.schema)}`)
  }
  const { kept, merging } = obeyItemDirectives(original, change, mergeKey)
  const merged = mergeItems(place, kept, merging)
  return interleave(partition(merged, merging, mergeKey), merging, kept, mergeKey, kind)
}

/** Carries out `$patch` items: what is left of the original, and the items still to merge. */
function obeyItemDirectives(
  original: List,
  change: List,
  mergeKey: string,
): { readonly kept: List; readonly merging: List } {
  const merging: Json[] = []
  let kept = original
  let replaces = false
  for (const item of change) {
    const object = mustObject(item)
    const directive = getOwn(object, '$patch')
    if (directive === undefined) merging.push(item)
    else if (directive === 'delete') {
      const gone = mustKey(object, mergeKey)
      kept = kept.filter((candidate) => getOwn(mustObject(candidate), mergeKey) !== gone)
    } else if (directive === 'replace') replaces = true
    else if (directive === 'merge') {
      throw unclassified('merging lists cannot yet be specified in the patch')
    } else throw unknownDirective(directive, object)
  }
  return replaces ? { kept: merging, merging: [] } : { kept, merging }
}

function mergeItems(place: Place, original: List, change: List): List {
  const merged = [...original]
  for (const item of change) {
    const object = mustObject(item)
    const index = indexByKey(merged, place.mergeKey, mustKey(object, place.mergeKey))
    const found = merged[index]
    if (found === undefined) merged.push(item)
    else merged[index] = mergeObject(place.schema, mustObject(found), object)
  }
  return merged
}

/** The items that the order names, and those only the server has. */
function partition(
  items: List,
  order: List,
  mergeKey: string,
): { readonly named: List; readonly others: List } {
  const named: Json[] = []
  const others: Json[] = []
  const values = new Set(order)
  for (const item of items) {
    const isNamed =
      mergeKey === ''
        ? values.has(item)
        : indexByKey(order, mergeKey, mustKey(mustObject(item), mergeKey)) !== -1
    if (isNamed) named.push(item)
    else others.push(item)
  }
  return { named, others }
}

/** Puts the named items into the given order and the others between them, as the server had them. */
function interleave(
  { named, others }: { readonly named: List; readonly others: List },
  order: List,
  serverOrder: List,
  mergeKey: string,
  kind: string,
): List {
  const identity = (item: Json): Json | undefined =>
    kind === 'map' ? getOwn(mustObject(item), mergeKey) : item
  if (kind === 'map') {
    for (const item of [...named, ...order, ...others, ...serverOrder]) {
      mustKey(mustObject(item), mergeKey)
    }
  }
  const server = ranks(serverOrder, identity)
  const right = sortedByRank(named, ranks(order, identity), identity)
  const left = sortedByRank(others, server, identity)
  const all: Json[] = []
  let next = 0
  for (const item of right) {
    const bound = server.get(identity(item))
    for (; next < left.length; next++) {
      const candidate = left[next] ?? null
      const rank = server.get(identity(candidate))
      if (bound === undefined || rank === undefined || rank >= bound) break
      all.push(candidate)
    }
    all.push(item)
  }
  return all.concat(left.slice(next))
}

type Identity = (item: Json) => Json | undefined

function ranks(order: List, identity: Identity): ReadonlyMap<Json | undefined, number> {
  const rank = new Map<Json | undefined, number>()
  for (const [index, item] of order.entries()) {
    const key = identity(item)
    if (!rank.has(key)) rank.set(key, index)
  }
  return rank
}

function sortedByRank(
  items: List,
  rank: ReadonlyMap<Json | undefined, number>,
  identity: Identity,
): List {
  return items.toSorted((a, b) => (rank.get(identity(a)) ?? 0) - (rank.get(identity(b)) ?? 0))
}

function indexByKey(items: List, mergeKey: string, key: Json): number {
  return items.findIndex((item, index) => {
    if (!isDictionary(item)) throw unclassified(`value for key ${index} is not a map`)
    return getOwn(item, mergeKey) === key
  })
}

/** A value that is taken from the patch as it is: items and fields with a `$patch` are left out. */
function withoutDirectives(value: Json, dropNulls: boolean): Json | undefined {
  if (Array.isArray(value)) return listWithoutDirectives(value, dropNulls)
  if (!isDictionary(value)) return value
  if (hasDirective(value)) return undefined
  const draft: Draft = {}
  for (const [key, part] of Object.entries(value)) {
    if (part === null && dropNulls) continue
    const taken = withoutDirectives(part, dropNulls)
    if (taken !== undefined) setOwn(draft, key, taken)
  }
  return draft
}

function listWithoutDirectives(list: List, dropNulls: boolean): List {
  return list.flatMap((item) => {
    const taken = withoutDirectives(item, dropNulls)
    return taken === undefined ? [] : [taken]
  })
}

function hasDirective(value: Json): boolean {
  return isDictionary(value) && Object.hasOwn(value, '$patch')
}

/** All items of merged lists must have one type, and none may be a list. */
function elementKind(...lists: readonly List[]): string {
  let kind: string | undefined
  for (const item of lists.flat()) {
    const found = goKind(item)
    if (kind === undefined && found === 'slice') {
      throw listsOfLists()
    }
    kind ??= found
    if (found !== kind) {
      throw unclassified(`list element types are not identical: ${goText(lists)}`)
    }
  }
  if (kind === undefined) throw unclassified('no elements in any of the given slices')
  return kind
}

function placeOf(schema: Schema, key: string): Place {
  if (schema.type !== 'struct' && schema.type !== 'raw') {
    const kind = goSchemaKind(schema)
    if (kind !== 'struct') {
      throw unclassified(
        `merging an object in json but data type is not struct, instead is: ${kind}`,
      )
    }
  }
  const spec = schema.type === 'struct' ? getOwn(schema.fields, key)?.spec : undefined
  if (spec === undefined) {
    const name = 'name' in schema ? schema.name.slice(schema.name.lastIndexOf('.') + 1) : 'Time'
    throw unclassified(`unable to find api field in struct ${name} for the json field "${key}"`)
  }
  const strategies = (spec.patchStrategy ?? '').split(',').filter((name) => name !== 'retainKeys')
  return {
    schema: spec.schema,
    strategy: strategies[0] ?? '',
    mergeKey: spec.patchMergeKey ?? '',
  }
}

/** The place of a list; its schema is that of the items. */
function listPlaceOf(schema: Schema, key: string): Place {
  const place = placeOf(schema, key)
  if (place.schema.type !== 'list') {
    throw unclassified(`expected slice or array type, but got: ${goSchemaKind(schema)}`)
  }
  const { items } = place.schema
  if (items.type === 'list') throw unclassified('unexpected slice of slice')
  return { ...place, schema: items }
}

function goSchemaKind(schema: Schema): string {
  return schema.type === 'integer' ? (schema.format ?? 'int64') : (goKinds[schema.type] ?? 'struct')
}

const goKinds: Readonly<Partial<Record<Schema['type'], string>>> = {
  string: 'string',
  boolean: 'bool',
  number: 'float64',
  map: 'map',
  list: 'slice',
  bytes: 'slice',
}

function mustObject(item: Json): JsonObject {
  if (!isDictionary(item)) throw badType('map', item)
  return item
}

function mustKey(item: JsonObject, mergeKey: string): Json {
  const key = getOwn(item, mergeKey)
  if (key !== undefined) return key
  throw unclassified(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`)
}

function badType(expected: keyof typeof goTypes, value: Json): StatusError {
  return unclassified(`expected a ${goTypes[expected]}, but received a ${goType(value)}`)
}

const goTypes = { slice: '[]interface {}', map: 'map[string]interface {}' } as const

function goType(value: Json): string {
  const kind = goKind(value)
  return kind === 'slice' || kind === 'map' ? goTypes[kind] : kind
}

function listsOfLists(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  })
}

function unknownDirective(directive: Json, item: JsonObject): StatusError {
  return unclassified(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`)
}

function badRetainKeys(): StatusError {
  return badRequest('invalid patch format of retainKeys')
}
