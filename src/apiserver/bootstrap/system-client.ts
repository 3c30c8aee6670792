import { hasReason, type KubeObject, type Resource } from '#machinery'
import { groups, type UserInfo } from '../authentication/user.ts'
import type { Catalog } from '../catalog.ts'
import type { ApiRequest } from '../request.ts'
import { requestInfo } from '../request-info.ts'
import type { Registry } from '../registry/call.ts'
import { dispatch } from '../registry/dispatch.ts'

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

  /** Creates the object unless one of its name is there. */
  async ensure<T extends NamedObject>(resource: Resource, object: T): Promise<void> {
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

  async create<T extends NamedObject>(resource: Resource, object: T): Promise<void> {
    try {
      await this.#send('POST', resource, object.metadata.namespace ?? '', '', object)
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
    }
  }

  /** Replaces the object, whatever stands there. */
  async update<T extends NamedObject>(resource: Resource, object: T): Promise<void> {
    const { namespace = '', name } = object.metadata
    await this.#send('PUT', resource, namespace, name, object)
  }

  /** Replaces the status of the object. */
  async updateStatus<T extends NamedObject>(resource: Resource, object: T): Promise<void> {
    const { namespace = '', name } = object.metadata
    await this.#send('PUT', resource, namespace, name, object, 'status')
  }

  /** Creates the object or replaces what is there. */
  async put<T extends NamedObject>(resource: Resource, object: T): Promise<void> {
    const { namespace = '', name } = object.metadata
    if (this.get(resource, namespace, name) === undefined) await this.create(resource, object)
    else await this.update(resource, object)
  }

  async delete<T extends NamedObject>(resource: Resource, object: T): Promise<void> {
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
    subresource = '',
  ): Promise<void> {
    const [face] = resource.faces
    const group = face.group === '' ? `/api/${face.version}` : `/apis/${face.group}/${face.version}`
    const scope = namespace === '' ? '' : `/namespaces/${namespace}`
    const parts = [resource.name, encodeURIComponent(name), subresource].filter((part) => part)
    const path = `${group}${scope}/${parts.join('/')}`
    const query = new URLSearchParams()
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
    if (served === undefined) return
    await dispatch({
      registry: this.#registry,
      request,
      info,
      user: systemUser,
      warn: () => {},
      ...served,
    })
  }
}

/** What the server writes: a kind's object with at least a name. */
export interface NamedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const neverAborted = new AbortController().signal
