import assert from 'node:assert/strict'
import { must, seededRandom } from '#base'
import {
  formatGroupVersion,
  mergePatch,
  storagePrefix,
  type Face,
  type Json,
  type KubeObject,
  type Resource,
} from '#machinery'
import { prefixEnd } from '#store'
import {
  testServer,
  type Answered,
  type TestRequest,
  type TestResponse,
  type TestServer,
  type TestWatch,
} from '../server.ts'

type JsonObject = { readonly [field: string]: Json }

/** What the suite needs to know of a kind to try everything that is general on it. */
export interface SampleKind {
  readonly title: string
  readonly resource: Resource
  /** The version that the requests speak. */
  readonly face: Face
  /** Whether the server knows the kind by itself. */
  readonly builtIn: boolean
  /** What an object holds besides TypeMeta and metadata. */
  content(namespace: string): JsonObject
  /** A merge patch that brings an object into its n-th state, and how that state is read. */
  change(n: number): JsonObject
  read(object: Answered): unknown
  /** A merge patch that validation refuses, and where it says so. */
  readonly invalid: { readonly change: JsonObject; readonly field: string }
  /** Where the kind has a status of its own: as `change` and `read`. */
  readonly status?: {
    change(n: number): JsonObject
    read(object: Answered): unknown
  }
  /** A selectable field besides the metadata, and the value that objects have there at first. */
  readonly selectable?: { readonly path: string; readonly value: string }
  /** A deletion waits for the finalizers of the kind's own (namespaces). */
  readonly lasting?: true
}

/** A server that knows the kind; each test has a corner of its own in it. */
export interface Stage {
  readonly server: TestServer
  corner(): Promise<Corner>
}

/** A namespace, or a prefix of names, that one test has to itself. */
export class Corner {
  readonly server: TestServer
  readonly kind: SampleKind
  readonly #namespace: string
  readonly #prefix: string

  constructor(server: TestServer, kind: SampleKind, id: string) {
    this.server = server
    this.kind = kind
    this.#namespace = kind.resource.namespaced ? id : ''
    this.#prefix = kind.resource.namespaced ? '' : `${id}-`
  }

  get namespace(): string {
    return this.#namespace
  }

  /** The whole name of an object that the test calls by a short one. */
  name(short: string): string {
    return `${this.#prefix}${short}`
  }

  /** Of the collection or, by its short name, of an object; `rest` is a subresource or a query. */
  path(short?: string, rest = ''): string {
    const { group, version } = this.kind.face
    const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const scope = this.#namespace === '' ? base : `${base}/namespaces/${this.#namespace}`
    const collection = `${scope}/${this.kind.resource.name}`
    return `${short === undefined ? collection : `${collection}/${this.name(short)}`}${rest}`
  }

  /** A body to create or apply. */
  body(short: string, metadata: JsonObject = {}, change: JsonObject = {}): Answered {
    const { kind } = this
    const { face } = kind
    const body = {
      apiVersion: formatGroupVersion(face),
      kind: face.kind,
      metadata: { name: this.name(short), ...metadata },
      ...kind.content(this.#namespace),
    }
    return mergePatch(body, change) as Answered
  }

  send(method: string, path: string, request: TestRequest = {}): Promise<TestResponse> {
    return this.server.request(method, path, request)
  }

  /** The object of a request that must succeed. */
  async ok(method: string, path: string, request: TestRequest = {}): Promise<Answered> {
    const response = await this.send(method, path, request)
    assert.ok(response.code < 300, `${method} ${path}: ${response.code} ${response.text}`)
    return response.object
  }

  /** The Status of a request that must be refused, and must leave no trace. */
  async refused(
    code: number,
    method: string,
    path: string,
    request: TestRequest = {},
  ): Promise<Answered> {
    const before = await this.revision()
    const response = await this.send(method, path, request)
    assert.equal(response.code, code, `${method} ${path}: ${response.code} ${response.text}`)
    assert.equal(await this.revision(), before, 'what is refused changes nothing')
    assert.equal(response.object.kind, 'Status')
    assert.equal(response.object.code, code)
    return response.object
  }

  async revision(): Promise<number> {
    return (await this.server.store.status()).revision
  }

  create(short: string, metadata: JsonObject = {}, change: JsonObject = {}): Promise<Answered> {
    return this.ok('POST', this.path(), { body: this.body(short, metadata, change) })
  }

  get(short: string): Promise<Answered> {
    return this.ok('GET', this.path(short))
  }

  merge(short: string, patch: object, rest = ''): Promise<Answered> {
    return this.ok('PATCH', this.path(short, rest), { body: patch, contentType: mergeType })
  }

  /** Brings the object into its n-th state. */
  change(short: string, n: number): Promise<Answered> {
    return this.merge(short, this.kind.change(n))
  }

  put(object: object, rest = ''): Promise<Answered> {
    const { name = '' } = (object as KubeObject).metadata
    return this.ok('PUT', `${this.path()}/${name}${rest}`, { body: object })
  }

  apply(body: object, rest = '?fieldManager=suite'): Promise<Answered> {
    const { name = '' } = (body as KubeObject).metadata
    return this.ok('PATCH', `${this.path()}/${name}${rest}`, { body, contentType: applyType })
  }

  /** Deletes, and does what the kind still waits for. */
  async remove(short: string): Promise<void> {
    await this.ok('DELETE', this.path(short))
    await this.finish(short)
  }

  /** What the controller of the kind would do once an object is marked. */
  async finish(short: string): Promise<void> {
    if (this.kind.lasting !== true) return
    const object = await this.get(short)
    await this.put({ ...object, spec: { finalizers: [] } }, '/finalize')
  }

  watch(query = ''): Promise<TestWatch> {
    return this.server.watch(`${this.path()}${query === '' ? '' : `?${query}`}`)
  }

  /** Names of the corner's objects in a list, short, in its order. */
  names(list: Pick<Answered, 'items'>): string[] {
    return list.items.map(({ metadata }) => metadata.name ?? '').flatMap((name) => this.short(name))
  }

  /** The short name, if the object is the corner's. */
  short(name: string): string[] {
    return name.startsWith(this.#prefix) ? [name.slice(this.#prefix.length)] : []
  }

  /** What a watch shows of the corner: `ADDED a@5`. */
  seen(events: TestWatch['events']): string[] {
    return events.flatMap(({ type, object: { metadata } }) =>
      type === 'BOOKMARK'
        ? ['BOOKMARK']
        : this.short(metadata.name ?? '').map(
            (name) => `${type} ${name}@${metadata.resourceVersion ?? ''}`,
          ),
    )
  }

  /** Forgets what is superseded of the kind. */
  async compact(): Promise<void> {
    const start = storagePrefix(this.kind.resource)
    const revision = await this.revision()
    await this.server.store.compact({ start, end: prefixEnd(start), revision })
  }
}

export const mergeType = 'application/merge-patch+json'
export const jsonPatchType = 'application/json-patch+json'
export const strategicType = 'application/strategic-merge-patch+json'
export const applyType = 'application/apply-patch+yaml'

export function rv(object: KubeObject): string {
  return must(object.metadata.resourceVersion, 'an object that was served has a version')
}

/** Labels, without the one that namespaces have by themselves. */
export function labelsOf({ metadata }: KubeObject): Readonly<Record<string, string>> {
  const { 'kubernetes.io/metadata.name': _, ...labels } = metadata.labels ?? {}
  return labels
}

/** The `metadata.resourceVersion` as a number, to compare. */
export function revisionOf(object: KubeObject): number {
  return Number(rv(object))
}

/** One turn of the event loop, so that everything that is ready has run. */
export function turn(server: TestServer): Promise<void> {
  return server.clock.yield()
}

/** Another server on the same store, which has seen nothing of what happened. */
export function second({ server, kind }: Corner): Promise<TestServer> {
  return testServer({
    store: server.store,
    clock: server.clock,
    random: seededRandom(2),
    extraResources: kind.builtIn ? [] : [kind.resource],
  })
}
