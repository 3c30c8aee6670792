import { builtinResources } from '#api'
import { withTimeout } from '#base'
import { errors, type GroupResource, type Resource } from '#machinery'
import { keyPairFromPem, parseCertificates, verificationKey } from '#pki'
import { AdmissionChain } from './admission/chain.ts'
import { admissionPlugins } from './admission/plugins.ts'
import { authenticationChain, tokenChain } from './authentication/authenticator.ts'
import { bearerAuthenticator } from './authentication/bearer.ts'
import { bootstrapTokenAuthenticator } from './authentication/bootstrap-token.ts'
import { requestHeaderAuthenticator } from './authentication/request-header.ts'
import { ServiceAccountTokenAuthenticator } from './authentication/service-account-token.ts'
import { TokenIssuer } from './authentication/token-issuer.ts'
import { x509Authenticator } from './authentication/x509.ts'
import { privilegedGroups, unionAuthorizer } from './authorization/authorizer.ts'
import { nodeRules } from './authorization/default-roles.ts'
import { NodeGraph } from './authorization/node-graph.ts'
import { NodeAuthorizer } from './authorization/node.ts'
import { RbacAuthorizer } from './authorization/rbac.ts'
import { ApiEndpoints, bootstrap, SystemClient } from './bootstrap/index.ts'
import { CacheLookup } from './cache-lookup.ts'
import { WatchCache } from './cache/watch-cache.ts'
import { Catalog } from './catalog.ts'
import { Discovery } from './documents/discovery.ts'
import { readableDocument, textDocument } from './documents/document.ts'
import { Health, type HealthCheck } from './documents/health.ts'
import { OpenApi } from './documents/openapi.ts'
import { versionInfo } from './documents/version.ts'
import { kindHooks } from './kinds/index.ts'
import type { KindHooks } from './kinds/kind-hooks.ts'
import { limits } from './limits.ts'
import { createMetrics, type Gauge } from './metrics.ts'
import type { ApiServerOptions } from './options.ts'
import { Pipeline } from './pipeline.ts'
import type { Registry } from './registry/call.ts'
import { Leases } from './registry/leases.ts'
import { PinnedLists } from './registry/pinned-lists.ts'
import type { Answer, ApiHandler, ApiRequest } from './request.ts'
import { OpenWatches } from './registry/open-watches.ts'

/** A running API server without its transports. */
export interface ApiServer extends ApiHandler {
  /**
   * Serves another kind from now on, or a kind in another description: it takes the place of the
   * resource that is stored at the same path. Resolves when its objects can be read.
   */
  addResource(resource: Resource): Promise<void>
  /** Stops serving it and ends its watches; what is stored stays. */
  removeResource(resource: Resource): void
  /**
   * Ends watches cleanly, refuses what is new and waits for what is being served, within a bound.
   * The store stays open: it is its owner's.
   */
  shutdown(): Promise<void>
}

/**
 * Brings an API server up on a store: loads it, makes what every cluster has, and is ready. It needs
 * no more than its options and leaves nothing behind but what it wrote to the store.
 */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random, log } = options
  const catalog = new Catalog()
  for (const resource of [...builtinResources, ...(options.extraResources ?? [])]) {
    catalog.add(resource)
  }
  const cache = new WatchCache(store, clock, log)
  cache.register(storedResources(catalog.resources))
  const lookup = new CacheLookup(catalog, cache)
  const rbac = new RbacAuthorizer(lookup)
  const authorizer = unionAuthorizer(
    privilegedGroups('system:masters'),
    new NodeAuthorizer(new NodeGraph(lookup), nodeRules),
    rbac,
  )
  const { authentication, tokens, issuer } = authenticationOf(options, lookup)

  let stopping = false
  let cacheFailure: string | undefined
  const health = new Health(healthChecks())
  const hooks = new Map<Resource, KindHooks>()
  const registry: Registry = {
    store,
    cache,
    catalog,
    clock,
    random,
    log,
    admission: new AdmissionChain(
      admissionPlugins({ lookup, authorizer, rbac, clock, random, fresh: () => cache.fresh() }),
    ),
    pinned: new PinnedLists(clock),
    leases: new Leases(store, clock),
    watches: new OpenWatches(),
    hooksOf: (resource) => hooks.get(resource),
  }
  for (const hook of kindHooks({
    registry,
    lookup,
    authorizer,
    tokens,
    issuer,
    serviceCidrs: options.serviceCidrs,
    nodePorts: options.nodePorts,
    ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
    componentHealth: () => health.results('readyz'),
  })) {
    hooks.set(hook.resource, hook)
  }

  const discovery = new Discovery(catalog)
  const openApi = new OpenApi(catalog)
  const metrics = createMetrics(clock, gauges)
  const pipeline = new Pipeline({
    registry,
    catalog,
    authentication,
    authorizer,
    metrics,
    clock,
    random,
    log,
    document,
  })

  await cache.start(({ reason, cause }) => {
    cacheFailure = `the watch of the store ended: ${reason}`
    if (!stopping) log.error('watch of the store ended', { reason, error: cause })
  })
  const client = new SystemClient(registry)
  const { serviceCidrs, clientCa, requestHeaderCa, advertise } = options
  await bootstrap({ client, registry, serviceCidrs, clientCa, requestHeaderCa, advertise })
  const endpoints = new ApiEndpoints({
    client,
    store,
    clock,
    log,
    shared: options.sharedStore ?? false,
  })
  if (advertise !== undefined) await endpoints.start(advertise)

  return {
    answer: (request) => pipeline.answer(request),
    serve: (request) => pipeline.serve(request),
    async addResource(resource) {
      const { storagePath } = resource
      if (resource.verbs.has('get')) await cache.add(resource)
      const before = [...catalog.resources].find((other) => other.storagePath === storagePath)
      if (before !== undefined) catalog.remove(before)
      catalog.add(resource)
      // Whoever watched lists again, and sees the objects as they are described now.
      if (before !== undefined) registry.watches.endOf(before)
    },
    removeResource(resource) {
      catalog.remove(resource)
      registry.watches.endOf(resource)
      cache.remove(resource)
    },
    async shutdown() {
      stopping = true
      await endpoints.stop().catch((error: unknown) => log.warn('still announced', { error }))
      registry.watches.endAll()
      await withTimeout(clock, pipeline.idle(), limits.shutdownMs, 'requests in flight').catch(
        (error: unknown) => log.warn('requests were cut off at shutdown', { error }),
      )
      cache.stop()
    },
  }

  function healthChecks(): HealthCheck[] {
    const everywhere = ['healthz', 'livez', 'readyz'] as const
    return [
      { name: 'ping', of: everywhere, check: () => undefined },
      {
        name: 'etcd',
        of: everywhere,
        check: () => {
          const state = store.health()
          return state.ok ? undefined : state.reason
        },
      },
      { name: 'informer-sync', of: ['readyz'], check: () => cacheFailure },
      {
        name: 'shutdown',
        of: ['readyz'],
        check: () => (stopping ? 'the server is shutting down' : undefined),
      },
    ]
  }

  async function document(request: ApiRequest): Promise<Answer | undefined> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw errors.methodNotSupported(noResource, request.method.toLowerCase())
    }
    switch (request.path) {
      case '/version':
        return readableDocument(versionInfo)
      case '/metrics':
        return textDocument(await metrics.text())
      case '/':
        return readableDocument({ paths: rootPaths(catalog) })
      default:
        return health.answer(request) ?? openApi.answer(request) ?? discovery.answer(request)
    }
  }

  function* gauges(): Generator<Gauge> {
    for (const resource of storedResources(catalog.resources)) {
      yield {
        name: 'apiserver_storage_objects',
        help: 'Stored objects by resource.',
        labels: { resource: resourceLabel(resource) },
        value: cache.cache(resource).size,
      }
    }
  }
}

function authenticationOf(options: ApiServerOptions, lookup: CacheLookup) {
  const { clock, random } = options
  const key = keyPairFromPem(options.serviceAccountKey)
  const keys = [verificationKey(key.publicKey)]
  const apiAudiences = [options.serviceAccountIssuer]
  const clientAuthorities = parseCertificates(options.clientCa ?? '')
  const proxyAuthorities = parseCertificates(options.requestHeaderCa ?? '')
  const tokens = tokenChain([
    new ServiceAccountTokenAuthenticator({
      clock,
      lookup,
      keys: () => keys,
      issuers: apiAudiences,
      apiAudiences,
    }),
    bootstrapTokenAuthenticator(lookup, clock),
  ])
  return {
    tokens,
    issuer: new TokenIssuer({
      clock,
      random,
      lookup,
      key,
      issuer: options.serviceAccountIssuer,
      apiAudiences,
    }),
    authentication: authenticationChain(
      [
        requestHeaderAuthenticator({
          clock,
          authorities: () => proxyAuthorities,
          allowedNames: [],
        }),
        x509Authenticator({ clock, authorities: () => clientAuthorities }),
        bearerAuthenticator(tokens, apiAudiences),
      ],
      { anonymous: true },
    ),
  }
}

/** Resources with objects in the store; the others answer without. */
function storedResources(resources: Iterable<Resource>): Resource[] {
  return [...resources].filter((resource) => resource.verbs.has('watch'))
}

function resourceLabel({ name, faces }: Resource): string {
  const { group } = faces[0]
  return group === '' ? name : `${name}.${group}`
}

function rootPaths(catalog: Catalog): string[] {
  const groups = [...catalog.groupVersions().values()].map(({ version }) => version)
  const api = groups.map(({ group, version }) =>
    group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
  )
  const named = groups.filter(({ group }) => group !== '').map(({ group }) => `/apis/${group}`)
  const others = [
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
    '/version',
  ]
  return [...new Set([...api, ...named, ...others])].sort()
}

const noResource: GroupResource = { group: '', resource: '' }
