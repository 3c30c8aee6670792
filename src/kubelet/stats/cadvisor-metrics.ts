import { exposition, type Sample } from '../metrics/exposition.ts'
import type { Measured, NodeSample, PodSample } from './sample.ts'

/** The metrics of /metrics/cadvisor that dashboards and alerts are made from. Pure. */
export function cadvisorMetrics(sample: NodeSample, cpus: number): string {
  const { atMs } = sample
  const groups = groupsOf(sample)
  const metric = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    value: (usage: Measured) => number | undefined,
    more: Sample['labels'] = {},
  ) =>
    exposition(
      name,
      type,
      help,
      groups.flatMap(({ labels, usage }) => {
        const found = usage === undefined ? undefined : value(usage)
        return found === undefined ? [] : [{ labels: { ...labels, ...more }, value: found, atMs }]
      }),
    )
  const started = groups.map(({ labels, startedAtMs }) => ({
    labels,
    value: Math.floor(startedAtMs / 1000),
    atMs,
  }))
  const seen = groups.map(({ labels }) => ({ labels, value: Math.floor(atMs / 1000), atMs }))
  const machine = (name: string, help: string, value: number) =>
    exposition(name, 'gauge', help, [{ labels: {}, value }])
  return [
    metric(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed, in seconds.',
      ({ cpuNs }) => cpuNs / 1e9,
      { cpu: 'total' },
    ),
    exposition('container_last_seen', 'gauge', 'When the container was last seen.', seen),
    metric('container_memory_rss', 'gauge', 'Size of RSS, in bytes.', ({ rssBytes }) => rssBytes),
    metric(
      'container_memory_usage_bytes',
      'gauge',
      'Current memory usage, in bytes.',
      ({ memoryBytes }) => memoryBytes,
    ),
    metric(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set, in bytes.',
      ({ workingSetBytes }) => workingSetBytes,
    ),
    networkMetric(sample, 'container_network_receive_bytes_total', 'Bytes received.', 'rxBytes'),
    networkMetric(sample, 'container_network_receive_errors_total', 'Receive errors.', 'rxErrors'),
    networkMetric(sample, 'container_network_transmit_bytes_total', 'Bytes sent.', 'txBytes'),
    networkMetric(sample, 'container_network_transmit_errors_total', 'Send errors.', 'txErrors'),
    metric(
      'container_processes',
      'gauge',
      'Processes running in the container.',
      ({ processes }) => processes,
    ),
    metric(
      'container_spec_memory_limit_bytes',
      'gauge',
      'Memory limit, in bytes; 0 for none.',
      ({ memoryLimitBytes = 0 }) => memoryLimitBytes,
    ),
    exposition('container_start_time_seconds', 'gauge', 'When the container started.', started),
    machine('machine_cpu_cores', 'Number of logical CPU cores.', cpus),
    machine('machine_memory_bytes', 'Installed memory, in bytes.', sample.memoryCapacityBytes),
  ].join('')
}

interface Group {
  readonly labels: Sample['labels']
  readonly usage: Measured | undefined
  readonly startedAtMs: number
}

/** The node, its pods and their containers, with the labels by which cadvisor tells them apart. */
function groupsOf({ pods, usage, startedAtMs }: NodeSample): Group[] {
  const root = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' }
  return [
    { labels: root, usage, startedAtMs },
    ...pods.flatMap((pod) => [
      { labels: podLabels(pod), usage: pod.usage, startedAtMs: pod.startedAtMs },
      ...pod.containers.map(({ id, name, image, cgroup, ...container }) => ({
        labels: { ...podLabels(pod), container: name, id: cgroup, image, name: id },
        usage: container.usage,
        startedAtMs: container.startedAtMs,
      })),
    ]),
  ]
}

function podLabels({ name, namespace, cgroup }: PodSample): Sample['labels'] {
  return { container: '', id: cgroup, image: '', name: '', namespace, pod: name }
}

function networkMetric(
  { atMs, pods }: NodeSample,
  name: string,
  help: string,
  field: 'rxBytes' | 'rxErrors' | 'txBytes' | 'txErrors',
): string {
  const samples = pods.flatMap((pod) =>
    pod.network.map((link) => ({
      labels: { ...podLabels(pod), interface: link.name },
      value: link[field],
      atMs,
    })),
  )
  return exposition(name, 'counter', help, samples)
}
