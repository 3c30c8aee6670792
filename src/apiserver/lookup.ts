import type { GroupResource } from '#machinery'

/**
 * Reads current objects, synchronously: the port through which authentication, authorization and
 * admission see the cluster. Served by the watch cache. Objects are frozen and in their storage
 * version; who asks names the shape it reads.
 */
export interface Lookup {
  /** The namespace of a cluster-scoped object is the empty text. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape
  get<T = unknown>(resource: GroupResource, namespace: string, name: string): T | undefined
  /** All objects of a resource, or those of one namespace, in key order. */
  list<T = unknown>(resource: GroupResource, namespace?: string): Iterable<T>
  /**
   * Runs `run` for every later change, in order, synchronously with the change becoming visible to
   * `get` and `list`. It must not throw. Returns what ends it.
   */
  onChange<T = unknown>(resource: GroupResource, run: (change: Change<T>) => void): () => void
}

/** One object before and after: created has no `previous`, deleted no `object`. */
export interface Change<T> {
  readonly object: T | undefined
  readonly previous: T | undefined
}

/** Runs `run` for what is there and then for every change: how an index stays current. */
export function follow<T>(
  lookup: Lookup,
  resource: GroupResource,
  run: (change: Change<T>) => void,
): () => void {
  for (const object of lookup.list<T>(resource)) run({ object, previous: undefined })
  return lookup.onChange(resource, run)
}
