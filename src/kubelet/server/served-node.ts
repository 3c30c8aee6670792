import type { Pod, PodStatus } from '#api'
import type { Clock, Log, Random } from '#base'
import type { Client } from '#client'
import type { NodeStats } from '../stats/node-stats.ts'
import type { ContainerEnds } from '../runtime/container-ends.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** What the kubelet's server shows. */
export interface ServedNode {
  readonly nodeName: string
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly runtime: Runtime
  readonly ends: ContainerEnds
  readonly stats: NodeStats
  /** What `/logs/` shows. */
  readonly logsDirectory: string
  /** Those bound to this node, as the API has them. */
  pods(): readonly Pod[]
  pod(namespace: string, name: string): Pod | undefined
  /** As this kubelet knows it, which may be newer than what the API has. */
  statusOf(pod: Pod): PodStatus
  /** Why pods are not looked after; undefined when they are. */
  syncProblem(): string | undefined
  /** KubeletConfiguration, as far as this kubelet has it. */
  configuration(): object
  /** Metrics of the kubelet itself, and of its probes. */
  metrics(): Promise<string>
  probeMetrics(): string
}
