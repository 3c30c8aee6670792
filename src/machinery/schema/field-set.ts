import { compareUtf8 } from '#base'
import { goJson } from '../json-text.ts'
import { quote } from '../quote.ts'
import { goText } from './go-text.ts'
import { isDictionary, type Dictionary } from './own-property.ts'
import type { Json } from './schema.ts'

/**
 * A set of fields of an object, in the very form in which `metadata.managedFields` carries it
 * (KEP-555, FieldsV1): a tree of path elements, so reading and writing it costs nothing and sets
 * share their parts. `f:name` is a field, `k:{"name":"a"}` the item of a map list, `v:"a"` that of
 * a set, `i:0` an index. A node without entries is in the set; one with entries is in the set only
 * if it has the entry `.`; its other entries are below it.
 *
 * Sets are canonical: elements are in upstream's order, keys and values in Go's JSON, and no node
 * holds `.` alone. All functions here keep that, change nothing, and return an argument itself
 * where the result equals it. At the root, no entries means the empty set.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

type Draft = Record<string, FieldSet>

/** A node that is in the set and has nothing below. At the root: the empty set. */
export const leaf: FieldSet = Object.freeze({})
export const emptySet: FieldSet = leaf

const self = '.'

/** A node that is in the set, to which what is below it is added. */
export const selfOnly: FieldSet = Object.freeze({ [self]: leaf })

export function isEmptySet(set: FieldSet): boolean {
  return Object.keys(set).length === 0
}

export function fieldElement(name: string): string {
  return `f:${name}`
}

/** The item of a set. */
export function valueElement(value: unknown): string {
  return `v:${goJson(value)}`
}

/** The set of a few paths of field names, such as `[['metadata', 'name'], ['kind']]`. */
export function setOfFields(paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>((set, path) => {
    const one = path.reduceRight<FieldSet>((below, name) => ({ [fieldElement(name)]: below }), leaf)
    return union(set, one)
  }, emptySet)
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a
  if (isEmptySet(a)) return b
  let draft: Draft | undefined
  let grew = false
  for (const element of Object.keys(b)) {
    const right = b[element] ?? leaf
    const left = a[element]
    const both = left === undefined ? right : unionOfNodes(left, right)
    if (both === left) continue
    draft ??= { ...a }
    draft[element] = both
    grew ||= left === undefined
  }
  if (draft === undefined) return a
  return grew ? sorted(draft) : draft
}

/** The fields of `a` that are not in `b`. What is below a field of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return emptySet
  let draft: Draft | undefined
  for (const element of Object.keys(b)) {
    const left = a[element]
    if (left === undefined) continue
    const rest = differenceOfNodes(left, b[element] ?? leaf)
    if (rest === left) continue
    draft ??= { ...a }
    if (rest === undefined) delete draft[element]
    else draft[element] = rest
  }
  return draft ?? a
}

/** `a` without the fields of `b` and without all that is below them. */
export function withoutFields(a: FieldSet, b: FieldSet): FieldSet {
  let draft: Draft | undefined
  for (const element of Object.keys(b)) {
    const left = a[element]
    const right = b[element]
    if (element === self || left === undefined || right === undefined) continue
    const rest = isMember(right) ? undefined : withoutFields(left, right)
    if (rest === left) continue
    draft ??= { ...a }
    const kept = rest === undefined ? undefined : nonEmpty(rest)
    if (kept === undefined) delete draft[element]
    else draft[element] = kept
  }
  return draft ?? a
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  const draft: Draft = {}
  let size = 0
  let same = true
  for (const element of Object.keys(a)) {
    const left = a[element] ?? leaf
    const right = b[element]
    const both = right === undefined ? undefined : intersectionOfNodes(left, right)
    same &&= both === left
    if (both === undefined) continue
    draft[element] = both
    size++
  }
  if (same) return a
  return size === 0 ? emptySet : draft
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  const elements = Object.keys(a)
  if (elements.length !== Object.keys(b).length) return false
  return elements.every((element) => {
    const left = a[element]
    const right = b[element]
    return left !== undefined && right !== undefined && equalSets(left, right)
  })
}

/** Whether a path of elements is in the set. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set
  for (const element of path) node = node?.[element]
  return path.length > 0 && node !== undefined && isMember(node)
}

/** Whether a node is itself in the set. */
export function isMember(node: FieldSet): boolean {
  return isEmptySet(node) || node[self] !== undefined
}

/** What is below a node, as a set. */
export function below(node: FieldSet): FieldSet {
  if (node[self] === undefined) return node
  const { [self]: _, ...rest } = node
  return rest
}

/** The node itself and everything below it. */
export function withSelf(children: FieldSet): FieldSet {
  if (isEmptySet(children) || children[self] !== undefined) return children
  return { [self]: leaf, ...children }
}

/** A set from elements with their nodes, in any order. */
export function setOf(elements: readonly (readonly [string, FieldSet])[]): FieldSet {
  return sorted(Object.fromEntries(elements))
}

/** The paths in the set as upstream prints them, `.spec.ports[port=80]`, in upstream's order. */
export function printPaths(set: FieldSet, prefix = ''): readonly string[] {
  const elements = Object.keys(set).filter((element) => element !== self)
  const members = elements
    .filter((element) => isMember(set[element] ?? leaf))
    .map((element) => prefix + printElement(element))
  const deeper = elements.flatMap((element) =>
    printPaths(set[element] ?? leaf, prefix + printElement(element)),
  )
  return [...members, ...deeper]
}

export function printElement(element: string): string {
  const text = element.slice(2)
  if (element.startsWith('f')) return `.${text}`
  if (element.startsWith('v')) return `[=${printValue(JSON.parse(text))}]`
  if (element.startsWith('i')) return `[${text}]`
  const keys = Object.entries(objectIn(text)).sort(byName)
  return `[${keys.map(([name, value]) => `${name}=${printValue(value)}`).join(',')}]`
}

/** FieldsV1 that cannot be read, or an object whose fields cannot be told apart. */
export class FieldSetError extends Error {
  override readonly name = 'FieldSetError'
}

const canonical = new WeakMap<object, FieldSet>()

/**
 * Reads FieldsV1 as others write it: the canonical set of the same paths, the value itself where
 * it is canonical. Elements of kinds that are not known are dropped. Throws a FieldSetError.
 */
export function parseFieldSet(fields: Json | undefined): FieldSet {
  if (fields === null || fields === undefined) return emptySet
  if (!isDictionary(fields)) throw new FieldSetError('expected an object')
  const known = canonical.get(fields)
  if (known !== undefined) return known
  const set = below(parseNode(fields))
  canonical.set(fields, set)
  canonical.set(set, set)
  return set
}

function parseNode(node: Json): FieldSet {
  if (!isDictionary(node)) throw new FieldSetError('expected an object')
  const draft: Draft = {}
  let unchanged = true
  let previous: string | undefined
  for (const [given, value] of Object.entries(node)) {
    const element = given === self ? self : canonicalElement(given)
    if (element === undefined) {
      unchanged = false
      continue
    }
    const child = element === self ? leaf : parseNode(value)
    const before = draft[element]
    draft[element] = before === undefined ? child : unionOfNodes(before, child)
    unchanged &&=
      element === given &&
      (child === value || (element === self && isDictionary(value) && isEmptySet(child))) &&
      (previous === undefined || compareElements(previous, element) < 0)
    previous = element
  }
  if (unchanged && !onlySelf(draft)) return node as FieldSet
  return onlySelf(draft) ? leaf : sorted(draft)
}

/** Undefined for a kind of element that is not known. */
function canonicalElement(element: string): string | undefined {
  if (element.length < 2) throw new FieldSetError('key must be 2 characters long:')
  if (element[1] !== ':') throw new FieldSetError(`missing colon: ${element}`)
  const text = element.slice(2)
  if (element.startsWith('f')) return element
  if (element.startsWith('k')) return keyElement(Object.entries(objectIn(text)))
  if (element.startsWith('v')) return valueElement(jsonIn(text))
  if (!element.startsWith('i')) return undefined
  if (!/^[+-]?\d+$/.test(text)) throw new FieldSetError(`invalid index: ${element}`)
  return `i:${Number(text)}`
}

/** The item of a map list with these keys. */
export function keyElement(keys: readonly (readonly [string, unknown])[]): string {
  if (keys.length === 1) return `k:{${keyText(keys[0] ?? ['', null])}}`
  return `k:{${keys.toSorted(byName).map(keyText).join(',')}}`
}

function keyText([name, value]: readonly [string, unknown]): string {
  return `${goJson(name)}:${goJson(value)}`
}

function objectIn(text: string): Dictionary<unknown> {
  const value = jsonIn(text)
  if (isDictionary(value)) return value
  throw new FieldSetError('expected an object')
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new FieldSetError(`cannot read ${text}`, { cause: error })
  }
}

function unionOfNodes(x: FieldSet, y: FieldSet): FieldSet {
  if (x === y) return x
  if (isEmptySet(x)) return withSelf(y)
  return isEmptySet(y) ? withSelf(x) : union(x, y)
}

function differenceOfNodes(x: FieldSet, y: FieldSet): FieldSet | undefined {
  if (isEmptySet(x)) return isMember(y) ? undefined : x
  return nonEmpty(difference(x, isEmptySet(y) ? { [self]: leaf } : y))
}

function intersectionOfNodes(x: FieldSet, y: FieldSet): FieldSet | undefined {
  if (isEmptySet(x)) return isMember(y) ? x : undefined
  if (isEmptySet(y)) return isMember(x) ? leaf : undefined
  return nonEmpty(intersection(x, y))
}

/** A node made of what is left of another one: undefined when nothing is left. */
function nonEmpty(node: FieldSet): FieldSet | undefined {
  if (isEmptySet(node)) return undefined
  return onlySelf(node) ? leaf : node
}

function onlySelf(node: FieldSet): boolean {
  return node[self] !== undefined && Object.keys(node).length === 1
}

/** In upstream's order; the argument itself when it is so already. */
function sorted(draft: FieldSet): FieldSet {
  const elements = Object.keys(draft)
  if (elements.every((element, at) => at === 0 || inOrder(elements[at - 1] ?? '', element))) {
    return draft
  }
  const out: Draft = {}
  for (const element of elements.sort(compareElements)) out[element] = draft[element] ?? leaf
  return out
}

function inOrder(a: string, b: string): boolean {
  return compareElements(a, b) < 0
}

const kindOrder = '.fkvi'

/** Fields, then keys, values and indexes; `.` first of all. */
export function compareElements(a: string, b: string): number {
  const kind = a[0] ?? ''
  if (kind !== b[0]) return kindOrder.indexOf(kind) - kindOrder.indexOf(b[0] ?? '')
  const left = a.slice(2)
  const right = b.slice(2)
  if (kind === 'f' || left === right) return compareUtf8(left, right)
  if (kind === 'i') return Number(left) - Number(right)
  return kind === 'v'
    ? compareValues(JSON.parse(left), JSON.parse(right))
    : compareKeys(objectIn(left), objectIn(right))
}

function compareKeys(a: Dictionary<unknown>, b: Dictionary<unknown>): number {
  const left = Object.entries(a).sort(byName)
  const right = Object.entries(b).sort(byName)
  for (const [at, entry] of left.entries()) {
    const other = right[at]
    if (other === undefined) return 1
    const order = compareUtf8(entry[0], other[0]) || compareValues(entry[1], other[1])
    if (order !== 0) return order
  }
  return left.length - right.length
}

/** Numbers before strings before booleans before everything else. */
function compareValues(a: unknown, b: unknown): number {
  const order = valueRank(a) - valueRank(b)
  if (order !== 0) return order
  if (typeof a === 'string' && typeof b === 'string') return compareUtf8(a, b)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'boolean') return Number(a) - Number(b)
  return compareUtf8(goJson(a), goJson(b))
}

function valueRank(value: unknown): number {
  const rank = ['number', 'string', 'boolean'].indexOf(typeof value)
  if (rank !== -1) return rank
  if (Array.isArray(value)) return 3
  return value === null ? 5 : 4
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compareUtf8(a[0], b[0])
}

function printValue(value: unknown): string {
  if (value === null) return 'null'
  return typeof value === 'string' ? quote(value) : goText(value)
}
