import type { CgroupUsage } from '#linux'
import type { DiskUsage } from '../runtime/runtime.ts'

/** What was measured at one time of a node and all that runs on it. */
export interface NodeSample {
  readonly atMs: number
  readonly startedAtMs: number
  readonly usage: Measured | undefined
  readonly memoryCapacityBytes: number
  readonly network: readonly InterfaceUsage[]
  readonly disk: FilesystemSample
  readonly images: DiskUsage
  readonly processesMax: number
  readonly processes: number
  readonly pods: readonly PodSample[]
}

export interface PodSample {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly startedAtMs: number
  /** Of its cgroup, which holds all its containers. */
  readonly cgroup: string
  readonly usage: Measured | undefined
  /** None where it is in the network of the node. */
  readonly network: readonly InterfaceUsage[]
  readonly containers: readonly ContainerSample[]
}

export interface ContainerSample {
  readonly id: string
  readonly name: string
  readonly image: string
  readonly startedAtMs: number
  readonly cgroup: string
  readonly usage: Measured | undefined
  readonly layer: DiskUsage
  readonly logs: DiskUsage
}

export interface Measured extends CgroupUsage {
  /** Billionths of a CPU, since it was measured before; undefined where it was not. */
  readonly cpuNanoCores: number | undefined
}

export interface InterfaceUsage {
  readonly name: string
  readonly rxBytes: number
  readonly rxErrors: number
  readonly txBytes: number
  readonly txErrors: number
}

export interface FilesystemSample {
  readonly availableBytes: number
  readonly capacityBytes: number
  readonly usedBytes: number
  readonly inodesFree: number
  readonly inodes: number
}

/** The links of `/proc/net/dev`, without the loopback. */
export function parseInterfaces(text: string): InterfaceUsage[] {
  return text.split('\n').flatMap((line): InterfaceUsage[] => {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim()
    if (colon === -1 || name === 'lo') return []
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number)
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = fields
    return [{ name, rxBytes, rxErrors, txBytes, txErrors }]
  })
}
