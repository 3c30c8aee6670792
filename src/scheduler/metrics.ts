/** The metrics of the scheduler, under upstream's names. Times come in milliseconds. */
export class Metrics {
  readonly #attempts = new Counter(
    'scheduler_schedule_attempts_total',
    'Attempts to schedule pods, by result.',
  )
  readonly #attemptSeconds = new Histogram(
    'scheduler_scheduling_attempt_duration_seconds',
    'Duration of attempts: decision and binding.',
    doubling(0.001, 15),
  )
  readonly #algorithmSeconds = new Histogram(
    'scheduler_scheduling_algorithm_duration_seconds',
    'Duration of decisions.',
    doubling(0.001, 15),
  )
  readonly #podAttempts = new Histogram(
    'scheduler_pod_scheduling_attempts',
    'Attempts it took to schedule a pod.',
    doubling(1, 5),
  )
  readonly #sliSeconds = new Histogram(
    'scheduler_pod_scheduling_sli_duration_seconds',
    "Time from a pod's first attempt to its binding.",
    doubling(0.01, 20),
  )
  readonly #incoming = new Counter(
    'scheduler_queue_incoming_pods_total',
    'Pods that came into a part of the queue, by event.',
  )

  attempt(
    result: 'error' | 'scheduled' | 'unschedulable',
    profile: string,
    durationMs: number,
  ): void {
    this.#attempts.add({ profile, result })
    this.#attemptSeconds.observe({ profile, result }, durationMs / 1_000)
  }

  decided(durationMs: number): void {
    this.#algorithmSeconds.observe({}, durationMs / 1_000)
  }

  /** A pod has its node, so many attempts and so much time after it was first tried. */
  podScheduled(attempts: number, sinceFirstMs: number): void {
    const label = attempts >= 15 ? '15+' : String(attempts)
    this.#podAttempts.observe({}, attempts)
    this.#sliSeconds.observe({ attempts: label }, sinceFirstMs / 1_000)
  }

  incoming(queue: string, event: string): void {
    this.#incoming.add({ event, queue })
  }

  /** The exposition format of Prometheus. */
  text(gauges: Gauges): string {
    const lines = [
      this.#attempts,
      this.#attemptSeconds,
      this.#algorithmSeconds,
      this.#podAttempts,
      this.#sliSeconds,
      this.#incoming,
    ].flatMap((metric) => metric.lines())
    lines.push(...gaugeLines('scheduler_pending_pods', 'Pods that wait.', 'queue', gauges.pending))
    lines.push(...gaugeLines('scheduler_scheduler_cache_size', 'Known.', 'type', gauges.cache))
    const { binding } = gauges
    lines.push(...gaugeLines('scheduler_goroutines', 'Under way.', 'operation', { binding }))
    return `${lines.join('\n')}\n`
  }
}

/** What is looked at when somebody asks. */
export interface Gauges {
  readonly pending: Readonly<Record<string, number>>
  readonly cache: Readonly<Record<'assumed_pods' | 'nodes' | 'pods', number>>
  /** Calls to the API server. */
  readonly binding: number
}

type Labels = Readonly<Record<string, string>>

class Counter {
  readonly #name: string
  readonly #help: string
  readonly #counts = new Map<string, number>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  add(labels: Labels): void {
    const key = labelText(labels)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  lines(): string[] {
    const samples = [...this.#counts].map(([labels, count]) => `${this.#name}${labels} ${count}`)
    return [...heading(this.#name, 'counter', this.#help), ...samples]
  }
}

class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #series = new Map<string, Series>()

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
  }

  observe(labels: Labels, value: number): void {
    const key = labelText(labels)
    let series = this.#series.get(key)
    if (series === undefined) {
      series = { labels, sum: 0, count: 0, buckets: this.#bounds.map(() => 0) }
      this.#series.set(key, series)
    }
    series.sum += value
    series.count++
    const at = this.#bounds.findIndex((bound) => value <= bound)
    if (at !== -1) series.buckets[at] = (series.buckets[at] ?? 0) + 1
  }

  lines(): string[] {
    const lines = heading(this.#name, 'histogram', this.#help)
    for (const [key, { labels, sum, count, buckets }] of this.#series) {
      const bucket = (le: string, value: number) =>
        lines.push(`${this.#name}_bucket${labelText({ ...labels, le })} ${value}`)
      let cumulative = 0
      for (const [at, bound] of this.#bounds.entries()) {
        cumulative += buckets[at] ?? 0
        bucket(String(bound), cumulative)
      }
      bucket('+Inf', count)
      lines.push(`${this.#name}_sum${key} ${sum}`, `${this.#name}_count${key} ${count}`)
    }
    return lines
  }
}

interface Series {
  readonly labels: Labels
  sum: number
  count: number
  readonly buckets: number[]
}

function gaugeLines(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): string[] {
  const samples = Object.entries(values).map(
    ([key, value]) => `${name}${labelText({ [label]: key })} ${value}`,
  )
  return [...heading(name, 'gauge', help), ...samples]
}

function heading(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

/** Values are names of profiles, events and places: none has a character to escape. */
function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function doubling(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start * 2 ** index)
}
