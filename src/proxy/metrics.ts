import type { Clock } from '#base'
import type { Family } from './family.ts'

/** Upstream's buckets of the time that a sync takes, in seconds. */
const syncBounds = Array.from({ length: 15 }, (_, at) => 0.001 * 2 ** at)
/** Upstream's buckets of the time from a change of endpoints to its rules, in seconds. */
const programmingBounds = [
  0.25,
  0.5,
  ...Array.from({ length: 59 }, (_, at) => at + 1),
  ...Array.from({ length: 12 }, (_, at) => 60 + 5 * at),
  ...Array.from({ length: 7 }, (_, at) => 120 + 30 * at),
]

interface FamilyCounts {
  readonly sync: Histogram
  readonly fullSync: Histogram
  readonly partialSync: Histogram
  readonly programming: Histogram
  readonly cleanup: Histogram
  lastQueuedMs: number
  lastSyncedMs: number
  failures: number
  deletedFlows: number
  noLocalEndpoints: { internal: number; external: number }
}

/** The metrics of the proxy, under upstream's names. */
export class ProxyMetrics {
  readonly #clock: Clock
  readonly #families = new Map<Family, FamilyCounts>()
  readonly #answers = { healthz: new Map<number, number>(), livez: new Map<number, number>() }
  readonly #changes = {
    service: { total: 0, pending: 0 },
    endpoint: { total: 0, pending: 0 },
  }

  constructor(clock: Clock, families: readonly Family[]) {
    this.#clock = clock
    for (const family of families) {
      this.#families.set(family, {
        sync: new Histogram(syncBounds),
        fullSync: new Histogram(syncBounds),
        partialSync: new Histogram(syncBounds),
        programming: new Histogram(programmingBounds),
        cleanup: new Histogram(syncBounds),
        lastQueuedMs: 0,
        lastSyncedMs: 0,
        failures: 0,
        deletedFlows: 0,
        noLocalEndpoints: { internal: 0, external: 0 },
      })
    }
  }

  changed(what: 'service' | 'endpoint'): void {
    this.#changes[what].total++
    this.#changes[what].pending++
  }

  /** All changes so far are in the kernel. */
  settled(): void {
    this.#changes.service.pending = 0
    this.#changes.endpoint.pending = 0
  }

  queued(family: Family): void {
    this.#update(family, (counts) => {
      counts.lastQueuedMs = this.#clock.now()
    })
  }

  synced(
    family: Family,
    sync: {
      readonly tookMs: number
      readonly full: boolean
      readonly triggeredAtMs: readonly number[]
    },
  ): void {
    const now = this.#clock.now()
    this.#update(family, (counts) => {
      const seconds = sync.tookMs / 1_000
      counts.sync.observe(seconds)
      counts[sync.full ? 'fullSync' : 'partialSync'].observe(seconds)
      counts.lastSyncedMs = now
      for (const at of sync.triggeredAtMs) counts.programming.observe(Math.max(0, now - at) / 1_000)
    })
  }

  failed(family: Family): void {
    this.#update(family, (counts) => {
      counts.failures++
    })
  }

  cleaned(family: Family, deleted: number, tookMs: number): void {
    this.#update(family, (counts) => {
      counts.deletedFlows += deleted
      counts.cleanup.observe(tookMs / 1_000)
    })
  }

  noLocalEndpoints(family: Family, policy: 'internal' | 'external', by: number): void {
    this.#update(family, (counts) => {
      counts.noLocalEndpoints[policy] += by
    })
  }

  answered(what: 'healthz' | 'livez', code: number): void {
    const counts = this.#answers[what]
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }

  /** The exposition format of Prometheus. */
  text(): string {
    const lines: string[] = []
    const metric = (name: string, type: string) => lines.push(`# TYPE ${prefix}${name} ${type}`)
    const perFamily = (name: string, type: string, value: (counts: FamilyCounts) => number) => {
      metric(name, type)
      for (const [family, counts] of this.#families) {
        lines.push(`${prefix}${name}{ip_family="${family}"} ${value(counts)}`)
      }
    }
    const histogram = (name: string, of: (counts: FamilyCounts) => Histogram) => {
      metric(name, 'histogram')
      for (const [family, counts] of this.#families) {
        lines.push(...of(counts).lines(`${prefix}${name}`, `ip_family="${family}"`))
      }
    }
    histogram('sync_proxy_rules_duration_seconds', ({ sync }) => sync)
    histogram('sync_full_proxy_rules_duration_seconds', ({ fullSync }) => fullSync)
    histogram('sync_partial_proxy_rules_duration_seconds', ({ partialSync }) => partialSync)
    histogram('network_programming_duration_seconds', ({ programming }) => programming)
    histogram('conntrack_reconciler_sync_duration_seconds', ({ cleanup }) => cleanup)
    perFamily(
      'conntrack_reconciler_deleted_entries_total',
      'counter',
      (counts) => counts.deletedFlows,
    )
    perFamily(
      'sync_proxy_rules_last_queued_timestamp_seconds',
      'gauge',
      (counts) => counts.lastQueuedMs / 1_000,
    )
    perFamily(
      'sync_proxy_rules_last_timestamp_seconds',
      'gauge',
      (counts) => counts.lastSyncedMs / 1_000,
    )
    perFamily(
      'sync_proxy_rules_nftables_sync_failures_total',
      'counter',
      (counts) => counts.failures,
    )
    metric('sync_proxy_rules_no_local_endpoints_total', 'gauge')
    for (const [family, { noLocalEndpoints }] of this.#families) {
      for (const policy of ['internal', 'external'] as const) {
        const labels = `ip_family="${family}",traffic_policy="${policy}"`
        const name = `${prefix}sync_proxy_rules_no_local_endpoints_total`
        lines.push(`${name}{${labels}} ${noLocalEndpoints[policy]}`)
      }
    }
    for (const what of ['service', 'endpoint'] as const) {
      const { total, pending } = this.#changes[what]
      metric(`sync_proxy_rules_${what}_changes_total`, 'counter')
      lines.push(`${prefix}sync_proxy_rules_${what}_changes_total ${total}`)
      metric(`sync_proxy_rules_${what}_changes_pending`, 'gauge')
      lines.push(`${prefix}sync_proxy_rules_${what}_changes_pending ${pending}`)
    }
    for (const what of ['healthz', 'livez'] as const) {
      metric(`proxy_${what}_total`, 'counter')
      for (const [code, count] of this.#answers[what]) {
        lines.push(`${prefix}proxy_${what}_total{code="${code}"} ${count}`)
      }
    }
    return `${lines.join('\n')}\n`
  }

  #update(family: Family, update: (counts: FamilyCounts) => void): void {
    const counts = this.#families.get(family)
    if (counts !== undefined) update(counts)
  }
}

const prefix = 'kubeproxy_'

class Histogram {
  readonly #bounds: readonly number[]
  readonly #buckets: number[]
  #sum = 0
  #count = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#buckets = bounds.map(() => 0)
  }

  observe(seconds: number): void {
    this.#count++
    this.#sum += seconds
    const at = this.#bounds.findIndex((bound) => seconds <= bound)
    if (at !== -1) this.#buckets[at] = (this.#buckets[at] ?? 0) + 1
  }

  lines(name: string, labels: string): string[] {
    let cumulative = 0
    const lines = this.#bounds.map((bound, at) => {
      cumulative += this.#buckets[at] ?? 0
      return `${name}_bucket{${labels},le="${bound}"} ${cumulative}`
    })
    lines.push(`${name}_bucket{${labels},le="+Inf"} ${this.#count}`)
    lines.push(`${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${this.#count}`)
    return lines
  }
}
