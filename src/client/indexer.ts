import { assert } from '#base'
import type { KubeObject, LabelSelector } from '#machinery'
import { objectKey, type Lister } from './informer.ts'

/**
 * Objects by key and by indices. Changes are synchronous; `set` and `delete` return what was there
 * before.
 */
export class Indexer<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #indices = new Map<string, Index<T>>()

  constructor(namespaced: boolean) {
    if (namespaced) this.addIndex(namespaceIndex, (object) => [object.metadata.namespace ?? ''])
  }

  addIndex(name: string, keys: (object: T) => readonly string[]): void {
    const existing = this.#indices.get(name)
    if (existing?.keys === keys) return
    if (existing !== undefined) throw new TypeError(`there is another index named ${name}`)
    const index = new Index(keys)
    for (const [key, object] of this.#objects) index.add(key, object)
    this.#indices.set(name, index)
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(namespace === '' ? name : `${namespace}/${name}`)
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(namespace?: string, selector?: LabelSelector): T[] {
    const objects = this.#inNamespace(namespace)
    if (selector === undefined || selector.empty) return [...objects]
    const selected: T[] = []
    for (const object of objects) {
      if (selector.matches(object.metadata.labels)) selected.push(object)
    }
    return selected
  }

  byIndex(name: string, value: string): T[] {
    const index = this.#indices.get(name)
    if (index === undefined) throw new TypeError(`there is no index named ${name}`)
    return [...index.get(value)]
  }

  get size(): number {
    return this.#objects.size
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys()
  }

  set(object: T): T | undefined {
    const key = objectKey(object)
    assert(key !== '', 'an object has a name')
    const old = this.#objects.get(key)
    this.#objects.set(key, object)
    for (const index of this.#indices.values()) index.change(key, old, object)
    return old
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key)
    if (old === undefined) return undefined
    this.#objects.delete(key)
    for (const index of this.#indices.values()) index.change(key, old, undefined)
    return old
  }

  #inNamespace(namespace: string | undefined): Iterable<T> {
    if (namespace === undefined) return this.#objects.values()
    const index = this.#indices.get(namespaceIndex)
    if (index !== undefined) return index.get(namespace)
    return namespace === '' ? this.#objects.values() : []
  }
}

const namespaceIndex = 'namespace'

class Index<T> {
  readonly keys: (object: T) => readonly string[]
  readonly #byValue = new Map<string, Map<string, T>>()

  constructor(keys: (object: T) => readonly string[]) {
    this.keys = keys
  }

  get(value: string): Iterable<T> {
    return this.#byValue.get(value)?.values() ?? []
  }

  add(key: string, object: T): void {
    for (const value of this.keys(object)) {
      let bucket = this.#byValue.get(value)
      if (bucket === undefined) this.#byValue.set(value, (bucket = new Map()))
      bucket.set(key, object)
    }
  }

  change(key: string, old: T | undefined, object: T | undefined): void {
    if (old !== undefined) {
      const kept = object === undefined ? [] : this.keys(object)
      for (const value of this.keys(old)) {
        // A value that stays keeps its place, so that an update does not change the order.
        if (!kept.includes(value)) this.#remove(value, key)
      }
    }
    if (object !== undefined) this.add(key, object)
  }

  #remove(value: string, key: string): void {
    const bucket = this.#byValue.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) this.#byValue.delete(value)
  }
}
