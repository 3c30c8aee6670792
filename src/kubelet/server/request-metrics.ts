import type { Clock } from '#base'
import { exposition, heading, sampleLine } from '../metrics/exposition.ts'

/** Prometheus' usual buckets, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Counted {
  readonly labels: Readonly<Record<string, string>>
  readonly buckets: number[]
  count: number
  sumSeconds: number
  inFlight: number
}

/** Counts the requests to the kubelet, under upstream's names. */
export class RequestMetrics {
  readonly #clock: Clock
  readonly #counted = new Map<string, Counted>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request begins; the result ends it. */
  begin(method: string, path: string): () => void {
    const startedMs = this.#clock.elapsed()
    const counted = this.#of(method, firstPart(path))
    counted.count++
    counted.inFlight++
    return () => {
      const seconds = (this.#clock.elapsed() - startedMs) / 1000
      counted.inFlight--
      counted.sumSeconds += seconds
      const at = bounds.findIndex((bound) => seconds <= bound)
      if (at !== -1) counted.buckets[at] = (counted.buckets[at] ?? 0) + 1
    }
  }

  text(): string {
    const all = [...this.#counted.values()]
    const inFlight = exposition(
      'kubelet_http_inflight_requests',
      'gauge',
      'Requests being answered now.',
      all.map(({ labels, inFlight: value }) => ({ labels, value })),
    )
    const total = exposition(
      'kubelet_http_requests_total',
      'counter',
      'Requests since the server started.',
      all.map(({ labels, count: value }) => ({ labels, value })),
    )
    return `${inFlight}${total}${durations(all)}`
  }

  #of(method: string, path: string): Counted {
    const key = `${method} ${path}`
    const known = this.#counted.get(key)
    if (known !== undefined) return known
    const labels = {
      long_running: String(longRunning.has(path)),
      method,
      path,
      server_type: 'readwrite',
    }
    const buckets = bounds.map(() => 0)
    const made = { labels, buckets, count: 0, sumSeconds: 0, inFlight: 0 }
    this.#counted.set(key, made)
    return made
  }
}

const longRunning = new Set(['exec', 'attach', 'portforward', 'containerLogs', 'run'])
const known = new Set([
  'attach',
  'configz',
  'containerLogs',
  'exec',
  'healthz',
  'logs',
  'metrics',
  'pods',
  'portForward',
  'run',
  'runningpods',
  'stats',
])

/** Of a path only its first part is told apart: what clients make up is not remembered. */
function firstPart(path: string): string {
  const [, first = ''] = path.split('/')
  if (!known.has(first)) return 'other'
  return first === 'portForward' ? 'portforward' : first
}

function durations(all: readonly Counted[]): string {
  if (all.length === 0) return ''
  const name = 'kubelet_http_requests_duration_seconds'
  const lines = all.flatMap(({ labels, buckets, sumSeconds, count, inFlight }) => {
    let cumulative = 0
    const counts = buckets.map((value, at) => {
      cumulative += value
      return sampleLine(`${name}_bucket`, {
        labels: { ...labels, le: String(bounds[at]) },
        value: cumulative,
      })
    })
    const ended = count - inFlight
    return [
      ...counts,
      sampleLine(`${name}_bucket`, { labels: { ...labels, le: '+Inf' }, value: ended }),
      sampleLine(`${name}_sum`, { labels, value: sumSeconds }),
      sampleLine(`${name}_count`, { labels, value: ended }),
    ]
  })
  return `${heading(name, 'histogram', 'Time to answer, in seconds.')}${lines.join('')}`
}
