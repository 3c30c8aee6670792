import { formatTime } from '#base'
import type { DiskUsage } from '../runtime/runtime.ts'
import type { ContainerSample, InterfaceUsage, Measured, NodeSample, PodSample } from './sample.ts'

/** What was measured, in the form of upstream's stats/v1alpha1 Summary. Pure. */
export function summary(nodeName: string, sample: NodeSample, onlyCpuAndMemory: boolean): object {
  const time = formatTime(sample.atMs)
  const { usage, memoryCapacityBytes, network, disk, images } = sample
  const cpuAndMemory = {
    nodeName,
    startTime: formatTime(sample.startedAtMs),
    ...resources(time, usage, memoryCapacityBytes),
  }
  const inodesUsed = disk.inodes - disk.inodesFree
  const rest = {
    ...networkOf(time, network),
    fs: { time, ...disk, inodesUsed },
    runtime: {
      imageFs: { time, ...disk, usedBytes: images.usedBytes, inodesUsed: images.inodesUsed },
    },
    rlimit: { time, maxpid: sample.processesMax, curproc: sample.processes },
  }
  return {
    node: onlyCpuAndMemory ? cpuAndMemory : { ...cpuAndMemory, ...rest },
    pods: sample.pods.map((pod) => podOf(time, sample, pod, onlyCpuAndMemory)),
  }
}

function podOf(time: string, node: NodeSample, pod: PodSample, onlyCpuAndMemory: boolean): object {
  const { name, namespace, uid, startedAtMs, usage, network } = pod
  const containers = pod.containers.map((container) =>
    containerOf(time, node, container, onlyCpuAndMemory),
  )
  const cpuAndMemory = {
    podRef: { name, namespace, uid },
    startTime: formatTime(startedAtMs),
    containers,
    ...resources(time, usage, undefined),
  }
  if (onlyCpuAndMemory) return cpuAndMemory
  return {
    ...cpuAndMemory,
    ...networkOf(time, network),
    ...(usage?.processes === undefined
      ? {}
      : { process_stats: { process_count: usage.processes } }),
  }
}

function containerOf(
  time: string,
  node: NodeSample,
  { name, startedAtMs, usage, layer, logs }: ContainerSample,
  onlyCpuAndMemory: boolean,
): object {
  const cpuAndMemory = {
    name,
    startTime: formatTime(startedAtMs),
    ...resources(time, usage, undefined),
  }
  if (onlyCpuAndMemory) return cpuAndMemory
  const { availableBytes, capacityBytes, inodesFree, inodes } = node.disk
  const fs = (used: DiskUsage) => ({
    time,
    availableBytes,
    capacityBytes,
    ...used,
    inodesFree,
    inodes,
  })
  return { ...cpuAndMemory, rootfs: fs(layer), logs: fs(logs) }
}

/** What is available is told where there is a limit. */
function resources(
  time: string,
  usage: Measured | undefined,
  capacityBytes: number | undefined,
): object {
  if (usage === undefined) return {}
  const limit = capacityBytes ?? usage.memoryLimitBytes
  return {
    cpu: {
      time,
      ...(usage.cpuNanoCores === undefined ? {} : { usageNanoCores: usage.cpuNanoCores }),
      usageCoreNanoSeconds: usage.cpuNs,
    },
    memory: {
      time,
      ...(limit === undefined
        ? {}
        : { availableBytes: Math.max(0, limit - usage.workingSetBytes) }),
      usageBytes: usage.memoryBytes,
      workingSetBytes: usage.workingSetBytes,
      rssBytes: usage.rssBytes,
      pageFaults: usage.pageFaults,
      majorPageFaults: usage.majorPageFaults,
    },
  }
}

function networkOf(time: string, interfaces: readonly InterfaceUsage[]): object {
  const [first] = interfaces
  if (first === undefined) return {}
  const usual = interfaces.find(({ name }) => name === 'eth0') ?? first
  return { network: { time, ...usual, interfaces } }
}
