import { exposition, type Sample } from '../metrics/exposition.ts'
import type { Measured, NodeSample } from './sample.ts'

/** Upstream's /metrics/resource: what autoscalers and `kubectl top` are made from. Pure. */
export function resourceMetrics(sample: NodeSample): string {
  const { atMs } = sample
  const containers = sample.pods.flatMap(({ name: pod, namespace, containers: all }) =>
    all.map(({ name: container, usage, startedAtMs }) => ({
      labels: { container, namespace, pod },
      usage,
      startedAtMs,
    })),
  )
  const pods = sample.pods.map(({ name: pod, namespace, usage }) => ({
    labels: { namespace, pod },
    usage,
  }))
  const node = [{ labels: {}, usage: sample.usage }]
  const cpu = (of: readonly Labelled[]) => samples(of, atMs, ({ cpuNs }) => cpuNs / 1e9)
  const memory = (of: readonly Labelled[]) =>
    samples(of, atMs, ({ workingSetBytes }) => workingSetBytes)
  const cpuHelp = 'Cumulative cpu time consumed, in core-seconds.'
  const memoryHelp = 'Current working set, in bytes.'
  return [
    exposition('container_cpu_usage_seconds_total', 'counter', cpuHelp, cpu(containers)),
    exposition('container_memory_working_set_bytes', 'gauge', memoryHelp, memory(containers)),
    exposition(
      'container_start_time_seconds',
      'gauge',
      'When the container started, in seconds since the epoch.',
      containers.map(({ labels, startedAtMs }) => ({ labels, value: startedAtMs / 1000, atMs })),
    ),
    exposition('node_cpu_usage_seconds_total', 'counter', cpuHelp, cpu(node)),
    exposition('node_memory_working_set_bytes', 'gauge', memoryHelp, memory(node)),
    exposition('pod_cpu_usage_seconds_total', 'counter', cpuHelp, cpu(pods)),
    exposition('pod_memory_working_set_bytes', 'gauge', memoryHelp, memory(pods)),
    exposition('resource_scrape_error', 'gauge', '1 if something could not be measured.', [
      { labels: {}, value: sample.usage === undefined ? 1 : 0 },
    ]),
  ].join('')
}

interface Labelled {
  readonly labels: Sample['labels']
  readonly usage: Measured | undefined
}

function samples(
  all: readonly Labelled[],
  atMs: number,
  value: (usage: Measured) => number,
): Sample[] {
  return all.flatMap(({ labels, usage }) =>
    usage === undefined ? [] : [{ labels, value: value(usage), atMs }],
  )
}
