import { compareUtf8 } from '#base'
import {
  emptySet,
  fieldElement,
  FieldSetError,
  isEmptySet,
  keyElement,
  leaf,
  selfOnly,
  setOf,
  valueElement,
  withSelf,
  type FieldSet,
} from './field-set.ts'
import { dictionaryIn, getOwn, isDictionary, type Dictionary } from './own-property.ts'
import type { Json, ListSchema, Schema, StructSchema } from './schema.ts'

/**
 * Which fields of an object differ, by its schema (structured merge and diff, KEP-555). Atomic
 * structs, maps and lists are one field; items of map lists and sets are found by their key or
 * value, so their order does not count. An added or removed part counts with all its fields and
 * all that lies between.
 */
export interface Comparison {
  readonly removed: FieldSet
  readonly modified: FieldSet
  readonly added: FieldSet
}

export const noDifference: Comparison = {
  removed: emptySet,
  modified: emptySet,
  added: emptySet,
}

/** Throws a FieldSetError when an item of a map list has none of its keys. */
export function compareObjects(schema: StructSchema, before: Json, after: Json): Comparison {
  const nodes = compareValues(schema, before, after)
  return nodes === undefined ? noDifference : { ...noDifference, ...nodes }
}

/**
 * The fields an object sets, as a manager that applies it owns them: leaves, items, and entries of
 * maps; structs only where they are empty.
 */
export function fieldSetOf(schema: StructSchema, object: Json): FieldSet {
  return ownedBelow(schema, object) ?? emptySet
}

/** How a value is owned: as one, by the parts of a struct or map, or by the items of a list. */
type Shape = 'leaf' | 'fields' | 'items'

/** What a schema means for a value, where the schema alone does not say (raw values). */
function shapeOf(schema: Schema, value: Json): Shape {
  const { type } = schema
  if (type === 'struct' || type === 'map') return schema.mapType === 'atomic' ? 'leaf' : 'fields'
  if (type === 'list') return schema.listType === 'atomic' ? 'leaf' : 'items'
  return isDeduced(schema) && isDictionary(value) ? 'fields' : 'leaf'
}

/** What no schema speaks of inside a structural schema is owned as its JSON suggests. */
const deduced: Schema = {
  type: 'raw',
  name: '',
  structural: { nullable: true, preserveUnknown: true, embedded: false, document: {} },
}

/** Raw values of built-in kinds are owned as one; those of structural schemas by their fields. */
export function isDeduced(schema: Schema): boolean {
  return schema.type === 'raw' && schema.structural !== undefined
}

/** The schema of a part of a struct or map. */
export function partSchema(schema: Schema, key: string): Schema {
  if (schema.type === 'map') return schema.values
  if (schema.type !== 'struct') return deduced
  return getOwn(schema.fields, key)?.spec.schema ?? schema.structural?.additional ?? deduced
}

/** Whether the schema names this field: such parts are owned only by what is below them. */
export function isNamed(schema: Schema, key: string): boolean {
  return schema.type === 'struct' && Object.hasOwn(schema.fields, key)
}

/** Nodes for a value's own place; absent where nothing differs in that way. */
type Nodes = { -readonly [K in keyof Comparison]?: FieldSet }

const modifiedHere: Nodes = Object.freeze({ modified: leaf })

/** Undefined where nothing differs. */
function compareValues(schema: Schema, before: Json, after: Json): Nodes | undefined {
  if (before === after) return undefined
  const shape = shapeOf(schema, before ?? after)
  if (shape !== shapeOf(schema, after ?? before)) return modifiedHere
  if (shape === 'leaf' || (isEmpty(before) && isEmpty(after))) {
    return equalJson(before, after) ? undefined : modifiedHere
  }
  return shape === 'fields'
    ? compareFields(schema, dictionaryIn(before), dictionaryIn(after))
    : compareItems(schema, listOf(before), listOf(after))
}

function compareFields(
  schema: Schema,
  before: Dictionary<Json>,
  after: Dictionary<Json>,
): Nodes | undefined {
  const differences = new Differences()
  for (const key of Object.keys(after)) {
    const old = getOwn(before, key)
    const part = getOwn(after, key) ?? null
    if (old === part) continue
    const element = fieldElement(key)
    if (old === undefined) differences.add('added', element, allOf(partSchema(schema, key), part))
    else differences.below(element, compareValues(partSchema(schema, key), old, part))
  }
  for (const key of Object.keys(before)) {
    if (Object.hasOwn(after, key)) continue
    const gone = allOf(partSchema(schema, key), before[key] ?? null)
    differences.add('removed', fieldElement(key), gone)
  }
  return differences.nodes()
}

/** Items that are there twice count as one without parts. */
function compareItems(
  schema: Schema,
  before: readonly Json[],
  after: readonly Json[],
): Nodes | undefined {
  if (schema.type !== 'list') return undefined
  const { items } = schema
  const old = itemsByElement(schema, before)
  const current = itemsByElement(schema, after)
  const differences = new Differences()
  for (const [element, [item = null, ...more]] of current) {
    const [was, ...wasMore] = old.get(element) ?? []
    if (more.length > 0 && wasMore.length > 0) {
      if (!equalJson(current.get(element), old.get(element))) {
        differences.add('modified', element, leaf)
      }
    } else if (more.length > 0) {
      if (was !== undefined) differences.add('removed', element, allOf(items, was))
      differences.add('added', element, leaf)
    } else if (wasMore.length > 0) {
      differences.add('added', element, allOf(items, item))
      differences.add('removed', element, leaf)
    } else if (was === undefined) {
      differences.add('added', element, allOf(items, item))
    } else {
      differences.below(element, compareValues(items, was, item))
    }
  }
  for (const [element, [item = null, ...more]] of old) {
    if (current.has(element)) continue
    differences.add('removed', element, more.length > 0 ? leaf : allOf(items, item))
  }
  return differences.nodes()
}

type Entries = [string, FieldSet][]

/** Collects the differences of the parts of one value; makes nothing where nothing differs. */
class Differences {
  #parts: { removed: Entries; modified: Entries; added: Entries } | undefined

  add(kind: keyof Comparison, element: string, node: FieldSet): void {
    this.#parts ??= { removed: [], modified: [], added: [] }
    this.#parts[kind].push([element, node])
  }

  below(element: string, nodes: Nodes | undefined): void {
    if (nodes === undefined) return
    if (nodes.removed !== undefined) this.add('removed', element, nodes.removed)
    if (nodes.modified !== undefined) this.add('modified', element, nodes.modified)
    if (nodes.added !== undefined) this.add('added', element, nodes.added)
  }

  nodes(): Nodes | undefined {
    if (this.#parts === undefined) return undefined
    const { removed, modified, added } = this.#parts
    const nodes: Nodes = {}
    if (removed.length > 0) nodes.removed = setOf(removed)
    if (modified.length > 0) nodes.modified = setOf(modified)
    if (added.length > 0) nodes.added = setOf(added)
    return nodes
  }
}

/** A part with everything below and between, as a node. */
function allOf(schema: Schema, value: Json): FieldSet {
  const shape = shapeOf(schema, value)
  if (shape === 'leaf' || isEmpty(value)) return leaf
  if (schema.type === 'struct' && schema.structural === undefined) {
    return allOfStruct(schema, dictionaryIn(value))
  }
  if (shape === 'fields') {
    const parts = Object.entries(dictionaryIn(value)).map(([key, part]): [string, FieldSet] => [
      fieldElement(key),
      allOf(partSchema(schema, key), part),
    ])
    return withSelf(setOf(parts))
  }
  if (schema.type !== 'list') return leaf
  const parts: Entries = []
  for (const [element, items] of itemsByElement(schema, listOf(value))) {
    parts.push([element, items.length > 1 ? leaf : allOf(schema.items, items[0] ?? null)])
  }
  return withSelf(setOf(parts))
}

/** The same for what was normalized by its schema: its fields are known, and so is their order. */
function allOfStruct(schema: StructSchema, value: Dictionary<Json>): FieldSet {
  const node: Record<string, FieldSet> = { ...selfOnly }
  for (const { name, element, part } of fieldsInOrder(schema)) {
    const field = getOwn(value, name)
    if (field !== undefined) node[element] = allOf(part, field)
  }
  return node
}

interface OrderedField {
  readonly name: string
  readonly element: string
  readonly part: Schema
}

const inOrder = new WeakMap<StructSchema, readonly OrderedField[]>()

/** A struct's fields in the order of their path elements. */
function fieldsInOrder(schema: StructSchema): readonly OrderedField[] {
  const known = inOrder.get(schema)
  if (known !== undefined) return known
  const made = Object.entries(schema.fields)
    .map(([name, { spec }]) => ({ name, element: fieldElement(name), part: spec.schema }))
    .sort((a, b) => compareUtf8(a.name, b.name))
  inOrder.set(schema, made)
  return made
}

/** What is owned below a value's place; undefined when the place itself is a leaf. */
function ownedBelow(schema: Schema, value: Json): FieldSet | undefined {
  const shape = shapeOf(schema, value)
  if (shape === 'leaf') return undefined
  const parts: Entries = []
  if (shape === 'fields') {
    for (const [key, part] of Object.entries(dictionaryIn(value))) {
      const owned = ownedNode(partSchema(schema, key), part, !isNamed(schema, key))
      if (owned !== undefined) parts.push([fieldElement(key), owned])
    }
  } else if (schema.type === 'list') {
    for (const [element, items] of itemsByElement(schema, listOf(value))) {
      const owned = items.length > 1 ? leaf : ownedNode(schema.items, items[0] ?? null, true)
      if (owned !== undefined) parts.push([element, owned])
    }
  }
  return setOf(parts)
}

/** The node of a part; `asMember` where the part's own place is owned besides what is below. */
function ownedNode(schema: Schema, value: Json, asMember: boolean): FieldSet | undefined {
  const parts = ownedBelow(schema, value)
  if (parts === undefined || value === null) return leaf
  if (isEmptySet(parts)) {
    return asMember || (isDictionary(value) && isEmpty(value)) ? leaf : undefined
  }
  return asMember ? withSelf(parts) : parts
}

/** Throws a FieldSetError for an item without any of its keys. */
export function itemsByElement(
  schema: ListSchema,
  items: readonly Json[],
): ReadonlyMap<string, readonly Json[]> {
  const found = new Map<string, Json[]>()
  for (const [at, item] of items.entries()) {
    const element = elementOf(schema, item, at)
    const before = found.get(element)
    if (before === undefined) found.set(element, [item])
    else before.push(item)
  }
  return found
}

/** The path element of an item of a map list or set; absent keys count as their defaults. */
export function elementOf(schema: ListSchema, item: Json, at: number): string {
  const refuse = (why: string) => new FieldSetError(`element ${at}: associative list ${why}`)
  if (schema.keys.length === 0) {
    if (isDictionary(item)) throw refuse(`without keys has an element that's a map type`)
    if (item === null) throw refuse(`without keys has an element that's an explicit null`)
    if (Array.isArray(item)) {
      throw new FieldSetError(
        `element ${at}: not supported: associative list with lists as elements`,
      )
    }
    return valueElement(item)
  }
  if (item === null) throw refuse('with keys may not have a null element')
  if (!isDictionary(item)) throw refuse('with keys may not have non-map elements')
  const keys: [string, Json][] = []
  for (const name of schema.keys) {
    const value = getOwn(item, name) ?? defaultKey(schema.items, name)
    if (value !== undefined) keys.push([name, value])
  }
  if (keys.length > 0) return keyElement(keys)
  const names = schema.keys.map((name) => `"${name}"`).join(' ')
  throw refuse(
    `with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  )
}

function defaultKey(items: Schema, name: string): Json | undefined {
  if (items.type !== 'struct') return undefined
  const spec = getOwn(items.fields, name)?.spec
  if (spec?.default !== undefined || spec?.zero !== 'emit') return spec?.default
  if (spec.schema.type === 'string') return ''
  return spec.schema.type === 'integer' ? 0 : undefined
}

/** Equal as JSON values; the order of fields does not count. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((item, at) => equalJson(item, b[at]))
    )
  }
  if (!isDictionary(a) || !isDictionary(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
}

/** Null, or without parts. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === null || value === undefined) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
