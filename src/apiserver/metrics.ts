import { processMetrics, type Clock } from '#base'
import type { RequestInfo } from './request-info.ts'

/** The metrics of the API server, under upstream's names. */
export interface Metrics {
  /** A request begins; the result ends it. */
  begin(kind: 'readOnly' | 'mutating' | 'longRunning'): () => void
  /** A request has been answered. */
  observe(info: RequestInfo, code: number, startedMs: number): void
  refused(kind: 'readOnly' | 'mutating'): void
  /** The exposition format of Prometheus. */
  text(): Promise<string>
}

/** Counts with plain numbers; the Prometheus library is loaded when somebody asks. */
export function createMetrics(clock: Clock, gauges: () => Iterable<Gauge>): Metrics {
  const inFlight = { readOnly: 0, mutating: 0, longRunning: 0 }
  const requests = new Map<string, { labels: Record<string, string>; durations: Histogram }>()
  const refusals = { readOnly: 0, mutating: 0 }

  return {
    begin(kind) {
      inFlight[kind]++
      return () => {
        inFlight[kind]--
      }
    },
    observe(info, code, startedMs) {
      const labels = {
        verb: info.verb.toUpperCase(),
        group: info.apiGroup,
        version: info.apiVersion,
        resource: info.resource,
        subresource: info.subresource,
        scope: scopeOf(info),
        code: String(code),
      }
      const key = Object.values(labels).join('\0')
      let counted = requests.get(key)
      if (counted === undefined) {
        counted = { labels, durations: new Histogram() }
        requests.set(key, counted)
      }
      counted.durations.observe((clock.elapsed() - startedMs) / 1000)
    },
    refused(kind) {
      refusals[kind]++
    },
    async text() {
      const lines: string[] = [await processMetrics()]
      const metric = (name: string, type: string, help: string) =>
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      metric('apiserver_request_total', 'counter', 'Requests by verb, resource and code.')
      for (const { labels, durations } of requests.values()) {
        lines.push(`apiserver_request_total${labelText(labels)} ${durations.count}`)
      }
      metric('apiserver_request_duration_seconds', 'histogram', 'Time to answer, in seconds.')
      for (const { labels, durations } of requests.values()) {
        const { code: _, ...withoutCode } = labels
        lines.push(...durations.lines('apiserver_request_duration_seconds', withoutCode))
      }
      metric('apiserver_current_inflight_requests', 'gauge', 'Requests being served now.')
      for (const kind of ['readOnly', 'mutating'] as const) {
        lines.push(`apiserver_current_inflight_requests{request_kind="${kind}"} ${inFlight[kind]}`)
      }
      metric('apiserver_longrunning_requests', 'gauge', 'Watches and other long requests open now.')
      lines.push(`apiserver_longrunning_requests ${inFlight.longRunning}`)
      metric('apiserver_dropped_requests_total', 'counter', 'Requests refused by the limit.')
      for (const kind of ['readOnly', 'mutating'] as const) {
        lines.push(`apiserver_dropped_requests_total{request_kind="${kind}"} ${refusals[kind]}`)
      }
      for (const { name, help, labels, value } of gauges()) {
        if (!lines.includes(`# TYPE ${name} gauge`)) metric(name, 'gauge', help)
        lines.push(`${name}${labelText(labels)} ${value}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}

/** A value read when metrics are asked for. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Upstream's buckets for request durations, in seconds. */
const bounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45,
  60,
]

class Histogram {
  readonly #buckets = Array.from({ length: bounds.length }, () => 0)
  #sum = 0
  count = 0

  observe(seconds: number): void {
    this.count++
    this.#sum += seconds
    const at = bounds.findIndex((bound) => seconds <= bound)
    if (at !== -1) this.#buckets[at] = (this.#buckets[at] ?? 0) + 1
  }

  lines(name: string, labels: Readonly<Record<string, string>>): string[] {
    let cumulative = 0
    const lines = bounds.map((bound, at) => {
      cumulative += this.#buckets[at] ?? 0
      return `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${cumulative}`
    })
    lines.push(`${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${this.count}`)
    lines.push(`${name}_sum${labelText(labels)} ${this.#sum}`)
    lines.push(`${name}_count${labelText(labels)} ${this.count}`)
    return lines
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`,
  )
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResourceRequest) return ''
  if (info.name !== '') return 'resource'
  return info.namespace === '' ? 'cluster' : 'namespace'
}
