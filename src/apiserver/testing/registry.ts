import { must, realClock, seededRandom, silentLog, type Clock, type Random } from '#base'
import { builtinResources } from '#api'
import { StatusError, type KubeObject, type Resource, type Status } from '#machinery'
import { generateKeyPair, verificationKey } from '#pki'
import { openStore, type Store } from '#store'
import { AdmissionChain } from '../admission/chain.ts'
import { admissionPlugins } from '../admission/plugins.ts'
import { groups, type UserInfo } from '../authentication/user.ts'
import { ServiceAccountTokenAuthenticator } from '../authentication/service-account-token.ts'
import { TokenIssuer } from '../authentication/token-issuer.ts'
import { privilegedGroups, unionAuthorizer } from '../authorization/authorizer.ts'
import { RbacAuthorizer } from '../authorization/rbac.ts'
import { bootstrap } from '../bootstrap/index.ts'
import { SystemClient } from '../bootstrap/system-client.ts'
import { CacheLookup } from '../cache-lookup.ts'
import { WatchCache } from '../cache/watch-cache.ts'
import { Catalog } from '../catalog.ts'
import type { KindDependencies } from '../kinds/dependencies.ts'
import { kindHooks } from '../kinds/index.ts'
import type { KindHooks } from '../kinds/kind-hooks.ts'
import type { Lookup } from '../lookup.ts'
import type { Registry } from '../registry/call.ts'
import { dispatch } from '../registry/dispatch.ts'
import { Leases } from '../registry/leases.ts'
import { OpenWatches } from '../registry/open-watches.ts'
import { PinnedLists } from '../registry/pinned-lists.ts'
import { requestInfo } from '../request-info.ts'
import type { Answer, ApiRequest } from '../request.ts'

const defaultCidrs = ['10.43.0.0/16']
const audiences = ['https://kubernetes.default.svc.cluster.local']

export const admin: UserInfo = { name: 'admin', uid: '', groups: [groups.masters], extra: {} }

export interface TestRegistryOptions {
  /** Shared by several registries: several servers on one store. */
  readonly store?: Store
  readonly clock?: Clock
  readonly random?: Random
  readonly kinds?: Partial<KindDependencies>
  /** Makes the default service account of `default`, which later is a controller's work. */
  readonly serviceAccount?: boolean
  /** Without admission, for tests of what lies below it. */
  readonly admission?: boolean
}

export interface TestRequest {
  readonly user?: UserInfo
  readonly body?: unknown
  readonly contentType?: string
}

/**
 * A whole registry over a memory store, with what every cluster has: all kinds, admission, no
 * authentication and no bytes.
 */
export interface TestRegistry extends AsyncDisposable {
  readonly registry: Registry
  readonly lookup: Lookup
  /** Asks as a client does: `ask('POST', '/api/v1/namespaces', {body})`. Rejects with StatusErrors. */
  ask(method: string, path: string, request?: TestRequest): Promise<Answer>
  /** The object of the answer, or the Status as an object. */
  object<T = KubeObject>(method: string, path: string, body?: unknown, user?: UserInfo): Promise<T>
  /** The Status a request is refused with; fails where it is not. */
  refused(method: string, path: string, body?: unknown, user?: UserInfo): Promise<Status>
  readonly warnings: string[]
}

export async function testRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { clock = realClock, random = seededRandom(1) } = options
  const services = { clock, random, log: silentLog }
  const store = options.store ?? (await openStore({ type: 'memory', ...services }))
  const cache = new WatchCache(store, clock, silentLog)
  const catalog = new Catalog()
  for (const resource of builtinResources) catalog.add(resource)
  cache.register(builtinResources.filter(({ verbs }) => verbs.has('watch')))
  const lookup = new CacheLookup(catalog, cache)
  const rbac = new RbacAuthorizer(lookup)
  const authorizer = unionAuthorizer(privilegedGroups(groups.masters), rbac)
  const key = generateKeyPair('ecdsa-p256', random)
  const keys = [verificationKey(key.publicKey)]
  const issuer = new TokenIssuer({
    clock,
    random,
    lookup,
    key,
    issuer: 'https://kubernetes.default.svc.cluster.local',
    apiAudiences: audiences,
  })
  const hooks = new Map<Resource, KindHooks>()
  for (const one of kindHooks({
    registry: { store, cache, clock, random },
    lookup,
    authorizer,
    issuer,
    tokens: new ServiceAccountTokenAuthenticator({
      clock,
      lookup,
      keys: () => keys,
      issuers: audiences,
      apiAudiences: audiences,
    }),
    serviceCidrs: defaultCidrs,
    nodePorts: { from: 30_000, to: 32_767 },
    componentHealth: () => new Map(),
    ...options.kinds,
  })) {
    hooks.set(one.resource, one)
  }
  const plugins = admissionPlugins({
    lookup,
    authorizer,
    rbac,
    clock,
    random,
    fresh: () => cache.fresh(),
  })
  const registry: Registry = {
    ...services,
    store,
    cache,
    catalog,
    admission: new AdmissionChain(options.admission === false ? [] : plugins),
    pinned: new PinnedLists(clock),
    leases: new Leases(store, clock),
    watches: new OpenWatches(),
    hooksOf: (resource) => hooks.get(resource),
  }
  await cache.start(() => {})
  const { serviceCidrs = defaultCidrs } = options.kinds ?? {}
  await bootstrap({
    client: new SystemClient(registry),
    registry,
    serviceCidrs,
    clientCa: undefined,
    requestHeaderCa: undefined,
    advertise: undefined,
  })
  const warnings: string[] = []
  const ask = (method: string, path: string, request: TestRequest = {}) =>
    askRegistry(registry, warnings, method, path, request)
  if (options.serviceAccount === true) {
    const body = { metadata: { name: 'default' } }
    await ask('POST', '/api/v1/namespaces/default/serviceaccounts', { body })
  }
  return {
    registry,
    lookup,
    warnings,
    ask,
    async object<T>(method: string, path: string, body?: unknown, user?: UserInfo) {
      return objectOf(await ask(method, path, { body, ...(user && { user }) })) as T
    },
    async refused(method, path, body, user) {
      try {
        await ask(method, path, { body, ...(user && { user }) })
      } catch (error) {
        if (error instanceof StatusError) return error.status
        throw error
      }
      throw new Error(`${method} ${path} was not refused`)
    },
    async [Symbol.asyncDispose]() {
      cache.stop()
      rbac[Symbol.dispose]()
      if (options.store === undefined) await store[Symbol.asyncDispose]()
    },
  }
}

async function askRegistry(
  registry: Registry,
  warnings: string[],
  method: string,
  target: string,
  { user = admin, body, contentType }: TestRequest,
): Promise<Answer> {
  const [path = '', search = ''] = target.split('?')
  const query = new URLSearchParams(search)
  const info = requestInfo(method, path, query)
  const request: ApiRequest = {
    method,
    path,
    query,
    header: (name) => (name === 'content-type' ? contentType : undefined),
    headers: () => [],
    headerNames: () => [],
    body: { type: 'value', value: body === undefined ? undefined : structuredClone(body) },
    peer: { address: '127.0.0.1', certificate: undefined, user },
    signal: new AbortController().signal,
  }
  const version = { group: info.apiGroup, version: info.apiVersion }
  const { resource, face } = must(registry.catalog.find(version, info.resource), `serves ${path}`)
  const warn = (message: string) => void warnings.push(message)
  return dispatch({ registry, request, info, user, resource, face, warn })
}

/** What a test reads of an answer. */
export function objectOf(answer: Answer): unknown {
  switch (answer.type) {
    case 'object':
      return answer.served.object()
    case 'status':
      return answer.status
    case 'list':
      return { items: [...answer.items].map((item) => item.object()) }
    case 'document':
      return Buffer.from(answer.bytes).toString()
    case 'watch':
    case 'passed':
    case 'upgrade':
      throw new Error(`an answer of type ${answer.type} has no object`)
  }
}
