import { type Clock, type Log, type Random } from '#base'
import {
  formatGroupResource,
  type KubeObject,
  type ObjectOf,
  type Resource,
  type StructSchema,
} from '#machinery'
import type { Client } from './client.ts'
import { ConnectionError } from './error.ts'
import type { Informer, InformerOptions } from './informer.ts'
import { reflect, type Reflected } from './reflector.ts'
import { SharedInformer } from './shared-informer.ts'

export interface InformersOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * One informer per kind and options, shared by all who ask (client-go's SharedInformerFactory).
 *
 * ```ts
 * await using informers = new Informers(client, { clock, random, log })
 * const pods = informers.of(Pod)
 * pods.addHandler({ added: (pod) => queue.add(objectKey(pod)) })
 * await informers.start(signal)
 * ```
 *
 * An informer asked for before `start` begins with it, one asked for later begins at once. Only
 * kinds somebody asked for are listed and watched.
 */
export class Informers implements AsyncDisposable {
  readonly #client: Client
  readonly #options: InformersOptions
  readonly #entries = new Map<Resource, Map<string, Entry>>()
  readonly #running: Promise<void>[] = []
  readonly #stopping = new AbortController()
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor(client: Client, options: InformersOptions) {
    this.#client = client
    this.#options = options
  }

  /** Objects are those of the resource's first face. */
  of<S extends StructSchema>(
    resource: Resource<S>,
    options: InformerOptions = {},
  ): Informer<ObjectOf<Resource<S>>> {
    let ofResource = this.#entries.get(resource)
    if (ofResource === undefined) this.#entries.set(resource, (ofResource = new Map()))
    const key = optionsKey(options)
    const known = ofResource.get(key)
    // Only informers of this resource are filed under it.
    if (known !== undefined) return known.informer as Informer<ObjectOf<Resource<S>>>
    const { informer, entry } = this.#make(resource, options)
    ofResource.set(key, entry)
    if (this.#state === 'started') this.#begin(entry)
    if (this.#state === 'stopped') informer.stopped(stoppedError())
    return informer
  }

  /**
   * Begins to list and watch, once; `signal` stops as disposal does. Resolves when all informers
   * asked for so far are synced, which takes as long as the API server needs to be reached.
   */
  start(signal?: AbortSignal): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'started'
      for (const entry of this.#all()) this.#begin(entry)
    }
    if (signal?.aborted === true) this.#stop()
    else signal?.addEventListener('abort', () => this.#stop(), { once: true })
    return this.whenSynced()
  }

  /** All informers asked for so far. Rejects when they are stopped before. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#all()].map(({ lifetime }) => lifetime.whenSynced(signal)))
  }

  /** Ends all watches. Listers keep what they have; handlers hear nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop()
    await Promise.all(this.#running)
  }

  #make<S extends StructSchema>(resource: Resource<S>, options: InformerOptions) {
    const { managedFields = false, namespace, fieldSelector, labelSelector } = options
    const [face] = resource.faces
    const kind = formatGroupResource({ group: face.group, resource: resource.name })
    const log = this.#options.log.with({ kind })
    const informer = new SharedInformer<ObjectOf<Resource<S>>>({
      namespaced: resource.namespaced,
      managedFields,
      log,
    })
    const all = this.#client.resource(resource)
    const source: Reflected<ObjectOf<Resource<S>>> =
      namespace === undefined ? all : all.namespace(namespace)
    const select = {
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    }
    const run = (signal: AbortSignal) =>
      reflect({ ...this.#options, log, source, target: informer, select }, signal)
    return { informer, entry: { informer, lifetime: informer, run } satisfies Entry }
  }

  #begin({ run, lifetime }: Entry): void {
    const { signal } = this.#stopping
    this.#running.push(
      run(signal).catch((error: unknown) => {
        lifetime.stopped(stoppedError())
        // A reflector ends with the signal; anything else is a fault of ours, to be seen.
        if (!signal.aborted) this.#options.log.error('an informer stopped', { error })
      }),
    )
  }

  #stop(): void {
    if (this.#state === 'new')
      for (const { lifetime } of this.#all()) lifetime.stopped(stoppedError())
    this.#state = 'stopped'
    this.#stopping.abort(stoppedError())
  }

  *#all(): Generator<Entry, undefined> {
    for (const ofResource of this.#entries.values()) yield* ofResource.values()
  }
}

interface Entry {
  /** An Informer of the kind that it is filed under. */
  readonly informer: unknown
  readonly lifetime: Pick<SharedInformer<KubeObject>, 'stopped' | 'whenSynced'>
  readonly run: (signal: AbortSignal) => Promise<never>
}

function optionsKey({ managedFields, namespace, fieldSelector, labelSelector }: InformerOptions) {
  return JSON.stringify([managedFields === true, namespace, fieldSelector, labelSelector])
}

function stoppedError(): Error {
  return new ConnectionError('Closed', 'the informers were stopped')
}
