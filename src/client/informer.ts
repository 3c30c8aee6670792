import type { KubeObject, LabelSelector } from '#machinery'

/**
 * The objects of one kind, kept up to date in memory, and who wants to hear of their changes
 * (client-go's SharedInformer). Get one from `Informers.of`; it is shared by all that ask for the
 * same kind.
 *
 * What it promises:
 * - The lister holds a state each object had, no older than the one it held before, and in the end
 *   the newest one. States in between may be skipped; different objects need not be of one moment.
 * - The lister changes before handlers hear of it, and each handler hears of a change before the
 *   next one is made: within a call the lister holds exactly what the call tells, for that object.
 * - Each handler hears of every object as added, then updated any number of times, then deleted.
 *   An object that was deleted and made again under the same name is deleted, then added, even
 *   where the gap was missed; no update changes the uid.
 * - A deletion that was missed is found by the next list and told with the last state known.
 * - What has not changed (same resourceVersion) is not told again: there is no resync.
 *
 * Not promised: an order between different objects, or between different informers.
 */
export interface Informer<T extends KubeObject> {
  readonly lister: Lister<T>
  /**
   * Finds objects by the values `keys` gives for them, from now on; present objects are sorted in
   * at once. `keys` is pure. The same function under the same name again does nothing; another one
   * throws a TypeError.
   */
  addIndex(name: string, keys: (object: T) => readonly string[]): void
  /**
   * Tells `handler` of all present objects as added, before it returns, and of every change
   * from then on. Returns what ends that; nothing is told after it was called.
   *
   * Handlers are synchronous and short: they put keys into queues. One that throws is logged, and
   * hurts nobody else.
   */
  addHandler(handler: InformerHandler<T>): () => void
  /** The first list is in the lister, and all handlers there were have heard of it. Stays true. */
  readonly synced: boolean
  /** Resolves when `synced`; rejects with the signal's reason, or when the informers are stopped. */
  whenSynced(signal?: AbortSignal): Promise<void>
}

export interface InformerHandler<T> {
  added?(object: T): void
  updated?(object: T, old: T): void
  /** With the last state known; its resourceVersion is the deletion's where that was seen. */
  deleted?(object: T): void
}

/**
 * Reads without waiting and without copying: what it returns is frozen and shared (`mutable` makes
 * a copy), and in the order in which objects became known. Lists are arrays of the caller's own.
 */
export interface Lister<T> {
  /** Namespace '' where the kind has none. */
  get(namespace: string, name: string): T | undefined
  /** By `objectKey`: namespace/name, or the name alone. */
  getByKey(key: string): T | undefined
  /** Of all namespaces where undefined. */
  list(namespace?: string, selector?: LabelSelector): T[]
  /** Throws a TypeError for an index that was not added. */
  byIndex(index: string, value: string): T[]
  readonly size: number
}

export interface InformerOptions {
  /** Keep metadata.managedFields, which nearly nobody reads; default false. */
  readonly managedFields?: boolean
  /** Only this namespace; default all. */
  readonly namespace?: string
  /** Only what these select, such as spec.nodeName=node-1; an object that leaves is deleted. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

/** namespace/name, or the name alone where there is no namespace (MetaNamespaceKeyFunc). */
export function objectKey(object: {
  readonly metadata: { readonly namespace?: string; readonly name?: string }
}): string {
  const { namespace = '', name = '' } = object.metadata
  return namespace === '' ? name : `${namespace}/${name}`
}

/** What `objectKey` joined; the namespace is '' where there is none. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: slash === -1 ? '' : key.slice(0, slash), name: key.slice(slash + 1) }
}
