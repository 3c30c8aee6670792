import { formatGroupResource, type GroupResource } from '#machinery'
import type { Change, Lookup } from '../lookup.ts'

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** The test twin of the watch cache: objects put and deleted by hand. */
export class MemoryLookup implements Lookup {
  readonly #objects = new Map<string, Map<string, Named>>()
  readonly #listeners = new Map<string, Set<(change: Change<never>) => void>>()

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the port's signature
  get<T = unknown>(resource: GroupResource, namespace: string, name: string): T | undefined {
    return this.#of(resource).get(`${namespace}/${name}`) as T | undefined
  }

  list<T = unknown>(resource: GroupResource, namespace?: string): Iterable<T> {
    const all = [...this.#of(resource)].sort(([a], [b]) => (a < b ? -1 : 1))
    const wanted = all.filter(([key]) => namespace === undefined || key.startsWith(`${namespace}/`))
    return wanted.map(([, object]) => object as T)
  }

  onChange<T = unknown>(resource: GroupResource, run: (change: Change<T>) => void): () => void {
    const key = formatGroupResource(resource)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(run))
    return () => listeners.delete(run)
  }

  put(resource: GroupResource, object: Named): void {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
    const previous = this.#of(resource).get(key)
    this.#of(resource).set(key, object)
    this.#announce(resource, { object, previous })
  }

  delete(resource: GroupResource, namespace: string, name: string): void {
    const previous = this.#of(resource).get(`${namespace}/${name}`)
    this.#of(resource).delete(`${namespace}/${name}`)
    this.#announce(resource, { object: undefined, previous })
  }

  #announce(resource: GroupResource, change: Change<unknown>): void {
    for (const run of this.#listeners.get(formatGroupResource(resource)) ?? []) {
      run(change as Change<never>)
    }
  }

  #of(resource: GroupResource): Map<string, Named> {
    const key = formatGroupResource(resource)
    const objects = this.#objects.get(key) ?? new Map<string, Named>()
    this.#objects.set(key, objects)
    return objects
  }
}
