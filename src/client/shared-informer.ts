import { deferred, type Log } from '#base'
import type { KubeObject } from '#machinery'
import { Indexer } from './indexer.ts'
import { objectKey, type Informer, type InformerHandler, type Lister } from './informer.ts'
import type { ReflectorTarget } from './reflector.ts'
import { withoutManagedFields } from './without-managed-fields.ts'

/** An informer's state: what a reflector feeds and handlers hear from. */
export class SharedInformer<T extends KubeObject> implements Informer<T>, ReflectorTarget<T> {
  readonly #objects: Indexer<T>
  readonly #log: Log
  readonly #managedFields: boolean
  readonly #synced = deferred<void>()
  #isSynced = false
  /** Replaced, never changed: a round that is under way keeps its own. */
  #handlers: readonly { readonly handler: InformerHandler<T> }[] = []

  constructor(options: {
    readonly namespaced: boolean
    readonly managedFields: boolean
    readonly log: Log
  }) {
    this.#objects = new Indexer(options.namespaced)
    this.#managedFields = options.managedFields
    this.#log = options.log
    // Nobody may be waiting when the informers are stopped.
    this.#synced.promise.catch(() => {})
  }

  get lister(): Lister<T> {
    return this.#objects
  }

  get synced(): boolean {
    return this.#isSynced
  }

  addIndex(name: string, keys: (object: T) => readonly string[]): void {
    this.#objects.addIndex(name, keys)
  }

  addHandler(handler: InformerHandler<T>): () => void {
    const entry = { handler }
    this.#handlers = [...this.#handlers, entry]
    for (const object of this.#objects.list()) {
      // A handler may change what is there by ending itself, and by nothing else.
      if (this.#handlers.includes(entry)) this.#tell(() => handler.added?.(object))
    }
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== entry)
    }
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#synced.promise
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      this.#synced.promise
        .finally(() => signal.removeEventListener('abort', onAbort))
        .then(resolve, reject)
    })
  }

  /** Who waits for the first list waits no longer. */
  stopped(reason: Error): void {
    this.#synced.reject(reason)
  }

  async replace(objects: readonly T[], breathe: () => Promise<void>): Promise<void> {
    const gone = new Set(this.#objects.keys())
    for (const object of objects) gone.delete(objectKey(object))
    // What is gone goes first: what replaces it may need its place.
    for (const key of gone) {
      this.#remove(key)
      await breathe()
    }
    for (const object of objects) {
      this.set(object)
      await breathe()
    }
    if (this.#isSynced) return
    this.#isSynced = true
    this.#synced.resolve()
  }

  set(received: T): void {
    const key = objectKey(received)
    const old = this.#objects.getByKey(key)
    const replaced = old !== undefined && old.metadata.uid !== received.metadata.uid
    if (replaced) this.#remove(key)
    else if (
      old !== undefined &&
      old.metadata.resourceVersion === received.metadata.resourceVersion
    ) {
      return
    }
    const object = this.#stripped(received)
    this.#objects.set(object)
    if (old === undefined || replaced) this.#tellAll((handler) => handler.added?.(object))
    else this.#tellAll((handler) => handler.updated?.(object, old))
  }

  delete(received: T): void {
    this.#remove(objectKey(received), received)
  }

  #remove(key: string, last?: T): void {
    const old = this.#objects.delete(key)
    if (old === undefined) return
    const object = last === undefined ? old : this.#stripped(last)
    this.#tellAll((handler) => handler.deleted?.(object))
  }

  #stripped(object: T): T {
    return this.#managedFields ? object : withoutManagedFields(object)
  }

  #tellAll(tell: (handler: InformerHandler<T>) => void): void {
    for (const entry of this.#handlers) {
      if (this.#handlers.includes(entry)) this.#tell(() => tell(entry.handler))
    }
  }

  #tell(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#log.error('an informer handler failed', { error })
    }
  }
}
