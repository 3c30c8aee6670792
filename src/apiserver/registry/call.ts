import type { Clock, Log, Random } from '#base'
import type {
  Face,
  GroupKind,
  GroupResource,
  KubeObject,
  Resource,
  StrategyContext,
} from '#machinery'
import type { Store } from '#store'
import type { AdmissionChain } from '../admission/chain.ts'
import type { UserInfo } from '../authentication/user.ts'
import type { ResourceCache } from '../cache/resource-cache.ts'
import type { WatchCache } from '../cache/watch-cache.ts'
import type { Catalog } from '../catalog.ts'
import type { KindHooks } from '../kinds/kind-hooks.ts'
import type { RequestInfo } from '../request-info.ts'
import type { ApiRequest } from '../request.ts'
import type { Leases } from './leases.ts'
import type { OpenWatches } from './open-watches.ts'
import type { PinnedLists } from './pinned-lists.ts'

/** What the handlers of all requests share. */
export interface Registry {
  readonly store: Store
  readonly cache: WatchCache
  readonly catalog: Catalog
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly pinned: PinnedLists
  readonly leases: Leases
  readonly watches: OpenWatches
  hooksOf(resource: Resource): KindHooks | undefined
}

/** One request of a resource, past authorization. */
export interface Call {
  readonly registry: Registry
  readonly request: ApiRequest
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly resource: Resource
  /** The version the request speaks. */
  readonly face: Face
  /** Adds a Warning header to the answer. */
  readonly warn: (message: string) => void
}

export function cacheOf(call: Call): ResourceCache {
  return call.registry.cache.cache(call.resource)
}

/** How messages name the resource. */
export function groupResource(call: Call): GroupResource {
  return { group: call.face.group, resource: call.resource.name }
}

export function groupKind(call: Call): GroupKind {
  return { group: call.face.group, kind: call.face.kind }
}

export function strategyContext(call: Call): StrategyContext {
  return {
    nowMs: call.registry.clock.now(),
    subresource: call.info.subresource,
    user: call.user,
  }
}

/** Whether anything but metadata and status differs: what generations count. */
export function specOf(object: KubeObject): Record<string, unknown> {
  const {
    apiVersion: _v,
    kind: _k,
    metadata: _m,
    status: _s,
    ...spec
  } = object as KubeObject & { readonly status?: unknown }
  return spec
}
