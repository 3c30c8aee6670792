import type { Clock } from '#base'
import {
  formatGroupVersion,
  retryAfterSeconds,
  StatusError,
  type GroupVersion,
  type InputObjectOf,
  type KubeObject,
  type ObjectOf,
  type Resource,
  type Status,
  type StructSchema,
} from '#machinery'
import { pageSize, retriesMax } from './limits.ts'
import {
  deleteBody,
  listQuery,
  patchBody,
  selectQuery,
  watchQuery,
  writeQuery,
  type DeleteOptions,
  type ListOptions,
  type Patch,
  type PatchOptions,
  type SelectOptions,
  type WatchOptions,
  type WriteOptions,
} from './options.ts'
import type { Call, Transport } from './transport.ts'
import { until } from './until.ts'
import { Watch } from './watch.ts'

/**
 * The typed client of an API server. What it hands out is frozen; to change an object, copy it
 * with `mutable`.
 *
 * ```ts
 * const pods = client.resource(Pod).namespace('default')
 * const pod = await pods.get('web-0')
 * for await (const { type, object } of pods.watch({ labelSelector: 'app=web' })) …
 * ```
 *
 * Calls reject with StatusError (`hasReason(error, 'NotFound')`) or ConnectionError. A call that
 * the server puts off (429 with Retry-After) is made again, as client-go does.
 */
export class Client {
  readonly #transport: Transport
  readonly #clock: Clock

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport
    this.#clock = clock
  }

  /**
   * The same until `signal` fires: after that its calls reject with a ConnectionError and nothing
   * is sent. So a leader does nothing any more once it has lost its lead. Its disposal ends nothing.
   */
  until(signal: AbortSignal): Client {
    return new Client(until(signal, this.#transport), this.#clock)
  }

  /** Objects of a kind: all of them, in every namespace. By its first face, or the one named. */
  resource<S extends StructSchema>(
    resource: Resource<S>,
    face: GroupVersion = resource.faces[0],
  ): ResourceClient<ObjectOf<Resource<S>>, InputObjectOf<Resource<S>>> {
    return new ResourceClient(this, resource, face, undefined)
  }

  /** A path that is no resource: /version, /readyz, /apis; JSON as its value, else text. */
  document(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.send({ method: 'GET', path, signal })
  }

  async send(call: Call): Promise<unknown> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#transport.send(call)
      } catch (error) {
        const seconds = retryAfterSeconds(error)
        const again = error instanceof StatusError && error.code === 429 && seconds !== undefined
        if (!again || retries >= retriesMax) throw error
        await this.#clock.sleep(seconds * 1000, call.signal)
      }
    }
  }

  watch<T>(call: Call): Watch<T> {
    return new Watch((receiver) => this.#transport.watch(call, receiver))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport[Symbol.asyncDispose]()
  }
}

export interface List<T> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly resourceVersion: string
    /** There is more: pass it to the next list. */
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly T[]
}

/** Calls for one kind, in one namespace or in all. */
export class ResourceClient<T, Input extends { readonly metadata: object }> {
  readonly #client: Client
  readonly #resource: Resource
  readonly #face: GroupVersion & { readonly kind: string }
  readonly #namespace: string | undefined

  constructor(
    client: Client,
    resource: Resource,
    { group, version }: GroupVersion,
    namespace: string | undefined,
  ) {
    const face = resource.faces.find((each) => each.group === group && each.version === version)
    if (face === undefined) {
      throw new TypeError(
        `${resource.name} has no version ${formatGroupVersion({ group, version })}`,
      )
    }
    this.#client = client
    this.#resource = resource
    this.#face = face
    this.#namespace = namespace
  }

  namespace(name: string): ResourceClient<T, Input> {
    if (!this.#resource.namespaced) throw new TypeError(`${this.#resource.name} have no namespace`)
    return new ResourceClient(this.#client, this.#resource, this.#face, name)
  }

  get(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    return this.#send<T>({ method: 'GET', path: this.#path(name), signal: options.signal })
  }

  /** One page, or everything where no limit is set. */
  list(options: ListOptions = {}): Promise<List<T>> {
    const { signal } = options
    const query = listQuery(options)
    return this.#send<List<T>>({ method: 'GET', path: this.#path(), query, signal })
  }

  /** Every object, fetched page by page, all of one state of the cluster. */
  async *items(options: ListOptions = {}): AsyncGenerator<T, undefined> {
    let page = options.continue
    do {
      const list: List<T> = await this.list({ limit: pageSize, ...options, ...pageOf(page) })
      yield* list.items
      page = list.metadata.continue
    } while (page !== undefined && page !== '')
  }

  watch(options: WatchOptions = {}): Watch<T> {
    const { signal } = options
    return this.#client.watch({
      method: 'GET',
      path: this.#path(),
      query: watchQuery(options),
      signal,
    })
  }

  create(object: Input, options: WriteOptions = {}): Promise<T> {
    return this.#write('POST', this.#scope(object).#path(), this.#whole(object), options)
  }

  /** Replaces the object; refused with reason Conflict if it changed since it was read. */
  update(object: Input, options: WriteOptions = {}): Promise<T> {
    return this.#write('PUT', this.#pathOf(object), this.#whole(object), options)
  }

  updateStatus(object: Input, options: WriteOptions = {}): Promise<T> {
    return this.#write('PUT', this.#pathOf(object, 'status'), this.#whole(object), options)
  }

  patch(name: string, patch: Patch, options: PatchOptions = {}): Promise<T> {
    return this.#patch(this.#path(name), patch, options)
  }

  /** A Status, or the object where its deletion takes time. */
  delete(name: string, options: DeleteOptions = {}): Promise<T | Status> {
    const { signal } = options
    return this.#send({
      method: 'DELETE',
      path: this.#path(name),
      body: deleteBody(options),
      signal,
    })
  }

  deleteCollection(
    options: DeleteOptions = {},
    select: SelectOptions = {},
  ): Promise<List<T> | Status> {
    const { signal } = options
    return this.#send({
      method: 'DELETE',
      path: this.#path(),
      query: selectQuery(select),
      body: deleteBody(options),
      signal,
    })
  }

  /** A part of the surface with a face of its own: scale, binding, eviction, token, log. */
  subresource<Body = KubeObject>(subresource: string): SubresourceClient<Body> {
    const path = (name: string) => this.#path(name, subresource)
    return {
      get: (name, options = {}) =>
        this.#send({ method: 'GET', path: path(name), signal: options.signal }),
      create: (name, body, options = {}) => this.#write('POST', path(name), body, options),
      update: (name, body, options = {}) => this.#write('PUT', path(name), body, options),
      patch: (name, patch, options = {}) => this.#patch(path(name), patch, options),
    }
  }

  #patch<R>(path: string, patch: Patch, options: PatchOptions): Promise<R> {
    const query = writeQuery(options)
    return this.#send({
      method: 'PATCH',
      path,
      query,
      ...patchBody(patch),
      signal: options.signal,
    })
  }

  #write<R>(
    method: 'POST' | 'PUT',
    path: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    return this.#send({ method, path, query: writeQuery(options), body, signal: options.signal })
  }

  /** The server says what it sends by the kind that was asked for; it is taken at its word. */
  #send<R>(call: Call): Promise<R> {
    return this.#client.send(call) as Promise<R>
  }

  #whole(object: Input): unknown {
    return { apiVersion: formatGroupVersion(this.#face), kind: this.#face.kind, ...object }
  }

  /** An object says itself in which namespace it is, where the client does not. */
  #scope(object: Input): ResourceClient<T, Input> {
    const namespace = textOf(object.metadata, 'namespace')
    const scoped = !this.#resource.namespaced || this.#namespace !== undefined || namespace === ''
    return scoped ? this : this.namespace(namespace)
  }

  #pathOf(object: Input, subresource?: string): string {
    return this.#scope(object).#path(textOf(object.metadata, 'name'), subresource)
  }

  #path(name?: string, subresource?: string): string {
    const { group, version } = this.#face
    const parts = group === '' ? ['api', version] : ['apis', group, version]
    if (this.#namespace !== undefined) parts.push('namespaces', this.#namespace)
    parts.push(this.#resource.name)
    if (name !== undefined) {
      if (name === '') throw new TypeError('resource name may not be empty')
      parts.push(name)
    }
    if (subresource !== undefined) parts.push(subresource)
    return `/${parts.map(encodeURIComponent).join('/')}`
  }
}

export interface SubresourceClient<Body> {
  get(name: string, options?: { readonly signal?: AbortSignal }): Promise<Body>
  create(name: string, body: unknown, options?: WriteOptions): Promise<Body>
  update(name: string, body: unknown, options?: WriteOptions): Promise<Body>
  patch(name: string, patch: Patch, options?: PatchOptions): Promise<Body>
}

/** A continue token carries the version it belongs to. */
function pageOf(token: string | undefined): Partial<ListOptions> {
  if (token === undefined || token === '') return {}
  return { continue: token, resourceVersion: undefined, resourceVersionMatch: undefined }
}

function textOf(metadata: object, field: 'name' | 'namespace'): string {
  const value: unknown = Object.entries(metadata).find(([key]) => key === field)?.[1]
  return typeof value === 'string' ? value : ''
}
