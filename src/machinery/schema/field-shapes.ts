import { equalJson, isEmpty } from './compare.ts'
import type { FieldSet } from './field-set.ts'
import { dictionaryIn, getOwn, isDictionary } from './own-property.ts'
import { planOf } from './plan.ts'
import type { Json, ListSchema, Schema, StructSchema } from './schema.ts'

/**
 * What creations of one kind own, by the shape of the object: which fields and keys it has, whatever
 * their values. Objects made from one template have one shape and get one set, so that it is worked
 * out, written as text and held in memory once. At most `shapeNodesMax` nodes are remembered; then
 * it starts anew.
 */
export class FieldShapes {
  readonly #schema: StructSchema
  readonly #before: Json
  #root = new Node()
  #nodes = 0

  /** `before` is what objects are compared with: the kind's zero value. */
  constructor(schema: StructSchema, before: Json) {
    this.#schema = schema
    this.#before = before
  }

  /** The set for the shape of `object`: one that is known, else what `make` says. */
  setFor(object: Json, make: () => FieldSet): FieldSet {
    const walk = new ShapeWalk(this.#root)
    walk.fields(this.#schema, this.#before, object)
    if (walk.isOpaque) return make()
    const { node } = walk
    if (node.set !== undefined) {
      if (!texts.has(node.set)) texts.set(node.set, JSON.stringify(node.set))
      return node.set
    }
    this.#nodes += walk.made
    if (this.#nodes > shapeNodesMax) {
      this.#root = new Node()
      this.#nodes = 0
    }
    return (node.set = make())
  }
}

export const shapeNodesMax = 20_000

const texts = new WeakMap<object, string>()

/** The JSON of a set that several objects share, where it is known. */
export function sharedText(set: object): string | undefined {
  return texts.get(set)
}

/** A step of the walk: a name, a key, or a mark, which no key of a user's can be mistaken for. */
type Token = string | number | boolean | symbol | undefined

/** A place in the tree of walks; most have one successor. */
class Node {
  set: FieldSet | undefined
  #token: Token
  #next: Node | undefined
  #others: Map<Token, Node> | undefined

  next(token: Token): Node | undefined {
    return this.#next !== undefined && this.#token === token ? this.#next : this.#others?.get(token)
  }

  grow(token: Token): Node {
    const node = new Node()
    if (this.#next === undefined) {
      this.#token = token
      this.#next = node
    } else {
      this.#others ??= new Map()
      this.#others.set(token, node)
    }
    return node
  }
}

const open = Symbol('open')
const close = Symbol('close')
const absent = Symbol('absent')
const asBefore = Symbol('as before')
const changed = Symbol('changed')

/** Goes through an object and names, step by step, all that its set of fields depends on. */
class ShapeWalk {
  node: Node
  /** How many nodes were new. */
  made = 0
  /** Set where the shape does not tell the set. */
  isOpaque = false

  constructor(root: Node) {
    this.node = root
  }

  /** A struct or map, compared with what was there before. */
  fields(schema: Schema, before: Json | undefined, object: Json): void {
    const was = dictionaryIn(before)
    const now = dictionaryIn(object)
    this.#step(open)
    for (const key of Object.keys(now)) {
      const value = now[key]
      this.#step(key)
      const part = this.#partOf(schema, key)
      if (part === undefined) this.isOpaque = true
      else if (value === undefined) this.#step(absent)
      else this.#part(part, getOwn(was, key), value)
      if (this.isOpaque) return
    }
    this.#step(close)
  }

  #part(schema: Schema, before: Json | undefined, value: Json): void {
    if (before !== undefined) {
      const same = equalJson(before, value)
      this.#step(same ? asBefore : changed)
      if (same) return
    }
    if (isEmpty(value)) return
    switch (schema.type) {
      case 'struct':
      case 'map':
        if (schema.mapType === 'atomic') return
        if (!isDictionary(value)) this.isOpaque = true
        else this.fields(schema, before, value)
        return
      case 'list':
        if (schema.listType === 'atomic') return
        if (!Array.isArray(value) || !isEmpty(before)) this.isOpaque = true
        else this.#items(schema, value)
        return
      default:
    }
  }

  #items(schema: ListSchema, items: readonly Json[]): void {
    this.#step(open)
    for (const item of items) {
      if (schema.keys.length === 0) this.#key(item)
      else if (isDictionary(item)) {
        for (const name of schema.keys) this.#key(getOwn(item, name))
        this.#part(schema.items, undefined, item)
      } else this.isOpaque = true
    }
    this.#step(close)
  }

  #key(value: Json | undefined): void {
    if (typeof value === 'object') this.isOpaque = true
    else this.#step(value)
  }

  #partOf(schema: Schema, key: string): Schema | undefined {
    if (schema.structural !== undefined) return undefined
    if (schema.type === 'map') return schema.values
    return schema.type === 'struct' ? planOf(schema).byName.get(key)?.schema : undefined
  }

  #step(token: Token): void {
    const known = this.node.next(token)
    this.node = known ?? this.node.grow(token)
    if (known === undefined) this.made++
  }
}
