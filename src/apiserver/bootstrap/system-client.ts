import { assert, formatTime, realClock, seededRandom, type Clock } from '#base'
import { hasReason, type KubeObject, type Resource } from '#machinery'
import { groups, type UserInfo } from '../authentication/user.ts'
import type { Catalog } from '../catalog.ts'
import type { Answer, ApiRequest } from '../request.ts'
import { requestInfo } from '../request-info.ts'
import type { Registry } from '../registry/call.ts'
import { dispatch } from '../registry/dispatch.ts'
import { Template } from './template.ts'

/** The API server's own identity (upstream's loopback client). */
const systemUser: UserInfo = {
  name: 'system:apiserver',
  uid: '',
  groups: [groups.masters],
  extra: {},
}

/**
 * How the API server writes objects of its own: through the same handlers as everybody, admission
 * included, as `system:apiserver`. Several servers do the same at once, so one that loses a race is
 * content with what the other wrote.
 */
export class SystemClient {
  readonly #registry: Registry
  readonly #catalog: Catalog

  constructor(registry: Registry) {
    this.#registry = registry
    this.#catalog = registry.catalog
  }

  get(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    return this.#registry.cache.cache(resource).get(namespace, name)?.object
  }

  /**
   * Creates objects that are the same in every cluster, unless they are there: prepared once per
   * process by the same handlers, then written all at once.
   */
  async plant(objects: readonly PlantedObject[]): Promise<void> {
    const { store, cache, clock, random } = this.#registry
    const missing = objects.filter(({ resource, object: { metadata } }) => {
      return this.get(resource, metadata.namespace ?? '', metadata.name) === undefined
    })
    const templates = await Promise.all(missing.map((one) => this.#templateOf(one)))
    const time = formatTime(clock.now())
    const results = await Promise.all(
      templates.map((template) => {
        const { key, encoded, object, resource } = template.fill(random.uuid(), time)
        cache.expect(encoded.bytes, { resource, encoded, object })
        // A refusal means that another server has made the object: as good.
        return store.txn({
          compare: [{ key, modRevision: 0 }],
          ops: [{ type: 'put', key, value: encoded.bytes }],
        })
      }),
    )
    await cache.reached(Math.max(0, ...results.map(({ revision }) => revision)))
  }

  /** A dry run with a clock and chance of its own: what it makes differs in no process. */
  async #templateOf({ resource, object }: PlantedObject): Promise<Template> {
    const known = templates.get(object)
    if (known !== undefined) return known
    const { namespace = '' } = object.metadata
    const registry = { ...this.#registry, clock: fixedClock, random: seededRandom(0) }
    const answer = await this.#send('POST', resource, namespace, '', object, { registry })
    assert(answer.type === 'object', 'a created object is answered')
    const template = new Template(resource, answer.served.object())
    templates.set(object, template)
    return template
  }

  /** Creates the object unless one of its name is there. */
  async ensure(resource: Resource, object: SystemObject): Promise<void> {
    const { namespace = '', name } = object.metadata
    if (this.get(resource, namespace, name) !== undefined) return
    try {
      await this.create(resource, object)
    } catch (error) {
      // What another server has just made may itself stand in the way: a Service holds its address.
      await this.#registry.cache.fresh()
      if (this.get(resource, namespace, name) === undefined) throw error
    }
  }

  async create(resource: Resource, object: SystemObject): Promise<void> {
    try {
      await this.#send('POST', resource, object.metadata.namespace ?? '', '', object)
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
    }
  }

  /** Replaces the object, whatever stands there. */
  async update(resource: Resource, object: SystemObject): Promise<void> {
    const { namespace = '', name } = object.metadata
    await this.#send('PUT', resource, namespace, name, object)
  }

  /** Replaces the status of the object. */
  async updateStatus(resource: Resource, object: SystemObject): Promise<void> {
    const { namespace = '', name } = object.metadata
    await this.#send('PUT', resource, namespace, name, object, { subresource: 'status' })
  }

  /** Creates the object or replaces what is there. */
  async put(resource: Resource, object: SystemObject): Promise<void> {
    const { namespace = '', name } = object.metadata
    if (this.get(resource, namespace, name) === undefined) await this.create(resource, object)
    else await this.update(resource, object)
  }

  async delete(resource: Resource, object: SystemObject): Promise<void> {
    const { namespace = '', name } = object.metadata
    try {
      await this.#send('DELETE', resource, namespace, name, undefined)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  async #send(
    method: string,
    resource: Resource,
    namespace: string,
    name: string,
    body: object | undefined,
    { subresource = '', registry }: SendOptions = {},
  ): Promise<Answer> {
    const [face] = resource.faces
    const group = face.group === '' ? `/api/${face.version}` : `/apis/${face.group}/${face.version}`
    const scope = namespace === '' ? '' : `/namespaces/${namespace}`
    const parts = [resource.name, encodeURIComponent(name), subresource].filter((part) => part)
    const path = `${group}${scope}/${parts.join('/')}`
    const query = new URLSearchParams(registry === undefined ? '' : 'dryRun=All')
    const request: ApiRequest = {
      method,
      path,
      query,
      header: (header) => (header === 'user-agent' ? 'kube-apiserver/v1.36' : undefined),
      headers: () => [],
      headerNames: () => [],
      body: { type: 'value', value: body },
      peer: { address: '', certificate: undefined, user: systemUser },
      signal: neverAborted,
    }
    const info = requestInfo(method, path, query)
    const served = this.#catalog.find(face, resource.name)
    assert(served !== undefined, 'the server serves the kinds it writes')
    return dispatch({
      registry: registry ?? this.#registry,
      request,
      info,
      user: systemUser,
      warn: () => {},
      ...served,
    })
  }
}

interface SendOptions {
  readonly subresource?: string
  /** Given, the request is a dry run in it. */
  readonly registry?: Registry
}

/** One object for `plant`; always the same value, by which its template is known. */
export interface PlantedObject {
  readonly resource: Resource
  readonly object: NamedObject
}

const templates = new WeakMap<NamedObject, Template>()

/** Time stands still while templates are made; nothing waits there. */
const fixedClock: Clock = {
  now: () => 0,
  elapsed: () => 0,
  timer: realClock.timer.bind(realClock),
  sleep: realClock.sleep.bind(realClock),
  yield: realClock.yield.bind(realClock),
}

/** What the server writes: a kind's object with at least a name. */
export interface SystemObject {
  readonly metadata: NamedObject['metadata'] & {
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export interface NamedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const neverAborted = new AbortController().signal
