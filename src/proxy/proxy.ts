import { EndpointSlice, Node, Service, ServiceCIDR } from '#api'
import { asError, parseTime, type Clock, type Log, type Random } from '#base'
import {
  EventBroadcaster,
  objectKey,
  splitKey,
  type Client,
  type Informer,
  type Informers,
} from '#client'
import type { Exec, Nft } from '#linux'
import { conntrackOver } from './conntrack.ts'
import { desiredOf, type Desired, type NodeFacts } from './desired.ts'
import { serviceOf } from './endpoints.ts'
import { addressesOf, families, familyNames, prefixesOf, type Family } from './family.ts'
import { FamilySync } from './family-sync.ts'
import { healthHandler } from './health/health-handler.ts'
import { listenHttp, type Listening } from './health/listen.ts'
import { ProxyHealth } from './health/proxy-health.ts'
import { ServiceHealth } from './health/service-health.ts'
import { ProxyMetrics } from './metrics.ts'
import { baseRules } from './rules/base-rules.ts'
import { healthCheckPort } from './service-ports.ts'

export interface ProxyOptions {
  /** For events. */
  readonly client: Client
  /** Shared; may be started before or after `startProxy` is called. */
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly nodeName: string
  /** The node's addresses, the primary one first: node ports are served at these and no others. */
  readonly nodeIps: readonly string[]
  readonly nft: Nft
  /** Runs conntrack, in the network namespace that `nft` is of. */
  readonly exec: Exec
  /**
   * The ranges of all pods. Who comes to a ClusterIP from elsewhere is masqueraded; without ranges
   * nobody is.
   */
  readonly clusterCidrs: readonly string[]
  /** Where to serve /healthz, /livez and /metrics; upstream's port is 10256. */
  readonly healthz?: { readonly host: string; readonly port: number } | undefined
}

/** Disposal stops it and leaves the rules: what they serve is served on. */
export interface Proxy extends AsyncDisposable {
  /** Where health is served, if it is. */
  readonly healthzPort: number | undefined
  /** The exposition format of Prometheus. */
  metrics(): string
}

const serviceIndex = 'proxy-service'
const servicesOf = (slice: EndpointSlice) => {
  const service = serviceOf(slice)
  return service === undefined ? [] : [service]
}
/** No Service has a key without a slash. */
const serviceCidrsOwner = 'service-cidrs'
const zoneLabel = 'topology.kubernetes.io/zone'
const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'
const toBeDeletedTaint = 'ToBeDeletedByClusterAutoscaler'

/**
 * kube-proxy in its nftables mode: keeps the tables `ip kube-proxy` and `ip6 kube-proxy` such that
 * packets to Services reach their endpoints. Informers are asked for before it returns, so that
 *
 * ```ts
 * const starting = startProxy({ informers, … })
 * await informers.start(signal)
 * await using proxy = await starting
 * ```
 *
 * starts both. Resolves when all that was known at first is in the kernel; from then on it follows
 * changes, and what fails is tried again. Rejects, leaving nothing, where the kernel refuses the
 * first rules (a LinuxError), the health port cannot be had, or the informers are stopped. A kernel
 * without IPv6 (or IPv4) is served in the other family.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const proxy = new NodeProxy(options)
  try {
    await proxy.start()
    return proxy
  } catch (error) {
    await proxy[Symbol.asyncDispose]()
    throw error
  }
}

/** Takes away all rules, of both families. Existing connections go on. */
export async function removeProxyRules(nft: Nft): Promise<void> {
  for (const family of families) {
    const { table } = familyNames[family]
    const place = `${table.family} ${table.name}`
    const removal = `add table ${place}\ndelete table ${place}\n`
    if (family === 'IPv4' || (await isAccepted(nft, removal))) await nft.apply(removal)
  }
}

async function isAccepted(nft: Nft, script: string): Promise<boolean> {
  return nft.check(script).then(
    () => true,
    () => false,
  )
}

class NodeProxy implements Proxy {
  readonly #options: ProxyOptions
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #nodes: Informer<Node>
  readonly #cidrs: Informer<ServiceCIDR>
  readonly #metrics: ProxyMetrics
  readonly #health: ProxyHealth
  readonly #serviceHealth: ServiceHealth
  readonly #broadcaster: EventBroadcaster
  readonly #stopping = new AbortController()
  readonly #stops: (() => void)[] = []
  readonly #startedAtMs: number
  #syncs: ReadonlyMap<Family, FamilySync> = new Map()
  #running: readonly Promise<void>[] = []
  #listening: Listening | undefined
  #zone = ''

  constructor(options: ProxyOptions) {
    const { client, informers, clock, nodeName } = options
    this.#options = options
    this.#services = informers.of(Service)
    this.#slices = informers.of(EndpointSlice)
    this.#nodes = informers.of(Node, { fieldSelector: `metadata.name=${nodeName}` })
    this.#cidrs = informers.of(ServiceCIDR)
    this.#slices.addIndex(serviceIndex, servicesOf)
    this.#startedAtMs = clock.now()
    this.#metrics = new ProxyMetrics(clock, families)
    this.#health = new ProxyHealth(clock)
    this.#broadcaster = new EventBroadcaster(client, options)
    this.#serviceHealth = new ServiceHealth({
      listen: listenHttp,
      addresses: options.nodeIps,
      isHealthy: () => this.#health.healthy,
      failed: (service, port, error) => this.#healthPortFailed(service, port, error),
    })
  }

  get healthzPort(): number | undefined {
    return this.#listening?.port
  }

  metrics(): string {
    return this.#metrics.text()
  }

  async start(): Promise<void> {
    const { clock, healthz } = this.#options
    this.#syncs = await this.#supported()
    const { signal } = this.#stopping
    await Promise.all(
      [this.#services, this.#slices, this.#nodes].map((informer) => informer.whenSynced(signal)),
    )
    this.#follow()
    for (const sync of this.#syncs.values()) await sync.sync()
    if (healthz !== undefined) {
      const handler = healthHandler(clock, this.#health, this.#metrics)
      this.#listening = await listenHttp(healthz.host, healthz.port, handler)
    }
    // A loop ends with the signal and by nothing else.
    this.#running = [...this.#syncs.values()].map((sync) => sync.run(signal).catch(() => {}))
    this.#record(
      { apiVersion: 'v1', kind: 'Node', name: this.#options.nodeName, uid: this.#options.nodeName },
      { type: 'Normal', reason: 'Starting', action: 'StartKubeProxy', message: '' },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#stopping.abort(new Error('the proxy stops'))
    await Promise.all(this.#running)
    await this.#listening?.close()
    await this.#serviceHealth[Symbol.asyncDispose]()
    await this.#broadcaster[Symbol.asyncDispose]()
  }

  /** Families that the kernel has; the node's own has to be among them. */
  async #supported(): Promise<Map<Family, FamilySync>> {
    const { nft, exec, log, nodeIps, clusterCidrs } = this.#options
    const primary = families.find((family) => addressesOf(family, nodeIps.slice(0, 1)).length > 0)
    const syncs = new Map<Family, FamilySync>()
    for (const family of families) {
      const names = familyNames[family]
      const facts = {
        nodeIps: addressesOf(family, nodeIps),
        clusterCidrs: prefixesOf(family, clusterCidrs),
      }
      try {
        await nft.check(`${baseRules(names, facts).join('\n')}\n`)
      } catch (error) {
        if (family === (primary ?? 'IPv4')) throw error
        log.info('Services of this family are not served', {
          family,
          error: asError(error).message,
        })
        continue
      }
      const node = { family, ...facts, knowsPods: facts.clusterCidrs.length > 0 }
      const sync = new FamilySync({
        ...this.#options,
        ...facts,
        family,
        conntrack: conntrackOver(exec, names.conntrack, facts.nodeIps),
        metrics: this.#metrics,
        health: this.#health,
        desired: (owner) => this.#desired(owner, node),
        applied: (owners) => this.#applied(family, owners),
      })
      syncs.set(family, sync)
    }
    return syncs
  }

  #follow(): void {
    const serviceChanged = (service: Service) => {
      this.#metrics.changed('service')
      this.#mark(objectKey(service))
    }
    const sliceChanged = (slice: EndpointSlice) => {
      const service = serviceOf(slice)
      if (service === undefined) return
      this.#metrics.changed('endpoint')
      this.#mark(service, this.#triggeredAtMs(slice))
    }
    const cidrsChanged = () => this.#mark(serviceCidrsOwner)
    this.#stops.push(
      this.#nodes.addHandler({
        added: (node) => this.#nodeChanged(node),
        updated: (node) => this.#nodeChanged(node),
        deleted: () => {
          this.#health.nodeEligible = false
        },
      }),
      this.#services.addHandler({
        added: serviceChanged,
        updated: serviceChanged,
        deleted: serviceChanged,
      }),
      this.#slices.addHandler({
        added: sliceChanged,
        updated: (slice, old) => {
          const before = serviceOf(old)
          if (before !== undefined && before !== serviceOf(slice)) this.#mark(before)
          sliceChanged(slice)
        },
        deleted: (slice) => {
          const service = serviceOf(slice)
          if (service === undefined) return
          this.#metrics.changed('endpoint')
          this.#mark(service)
        },
      }),
      this.#cidrs.addHandler({
        added: cidrsChanged,
        updated: cidrsChanged,
        deleted: cidrsChanged,
      }),
    )
  }

  #mark(owner: string, triggeredAtMs?: number): void {
    for (const sync of this.#syncs.values()) sync.mark(owner, triggeredAtMs)
  }

  /** Of what happened before the proxy was there, it cannot be late. */
  #triggeredAtMs({ metadata }: EndpointSlice): number | undefined {
    const at = parseTime(metadata.annotations?.[triggerAnnotation] ?? '')
    return at === undefined || at < this.#startedAtMs ? undefined : at
  }

  #nodeChanged({ metadata, spec }: Node): void {
    const { deletionTimestamp, labels } = metadata
    const leaves = (spec.taints ?? []).some(({ key }) => key === toBeDeletedTaint)
    this.#health.nodeEligible = deletionTimestamp === undefined && !leaves
    const zone = labels?.[zoneLabel] ?? ''
    if (zone === this.#zone) return
    this.#zone = zone
    for (const service of this.#services.lister.list()) this.#mark(objectKey(service))
  }

  #desired(owner: string, node: Omit<NodeFacts, 'nodeName' | 'zone'>): Desired | undefined {
    if (owner === serviceCidrsOwner) return this.#cidrRules(node.family)
    const service = this.#services.lister.getByKey(owner)
    if (service === undefined) return undefined
    const slices = this.#slices.lister.byIndex(serviceIndex, owner)
    const { nodeName } = this.#options
    return desiredOf(service, slices, { ...node, nodeName, zone: this.#zone })
  }

  #cidrRules(family: Family): Desired {
    const cidrs = this.#cidrs.lister.list().flatMap(({ spec }) => spec.cidrs ?? [])
    const elements = prefixesOf(family, cidrs).map((key) => ({
      collection: 'service-cidrs' as const,
      key,
      verdict: undefined,
      rank: 'other' as const,
    }))
    return {
      since: '',
      rules: { chains: new Map(), sets: new Set(), elements },
      udp: undefined,
      withoutLocal: { internal: 0, external: 0 },
      readyHere: 0,
    }
  }

  #applied(family: Family, owners: ReadonlyMap<string, Desired | undefined>): void {
    for (const [owner, desired] of owners) {
      const service = this.#services.lister.getByKey(owner)
      const ipFamily = service?.spec.ipFamilies?.[0] ?? family
      if (ipFamily !== family) continue
      const port = service === undefined ? undefined : healthCheckPort(service)
      const wanted =
        port === undefined || desired === undefined
          ? undefined
          : { port, endpoints: desired.readyHere }
      this.#serviceHealth.set(owner, wanted)
    }
    if ([...this.#syncs.values()].every(({ idle }) => idle)) this.#metrics.settled()
  }

  #healthPortFailed(service: string, port: number, error: Error): void {
    const { nodeName, log } = this.#options
    log.warn('a health check port could not be opened', { service, port, error: error.message })
    const { namespace, name } = splitKey(service)
    const uid = this.#services.lister.getByKey(service)?.metadata.uid
    this.#record(
      { apiVersion: 'v1', kind: 'Service', namespace, name, uid },
      {
        type: 'Warning',
        reason: 'FailedToStartServiceHealthcheck',
        action: 'Listen',
        message: `node ${nodeName} failed to start healthcheck "${service}" on port ${port}: ${error.message}`,
      },
    )
  }

  #record(...[about, event]: Parameters<ReturnType<EventBroadcaster['recorder']>['record']>): void {
    this.#broadcaster
      .recorder({
        component: 'kube-proxy',
        host: this.#options.nodeName,
        api: 'events.k8s.io/v1',
      })
      .record(about, event)
  }
}
