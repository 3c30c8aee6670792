import type { Pod, Service } from '#api'
import type { Clock, Log } from '#base'
import type { Client, EventRecorder } from '#client'
import type { Cgroups } from '#linux'
import type { ImagePuller } from '../images/image-puller.ts'
import type { PodProbes } from '../probes/pod-probes.ts'
import type { Prober } from '../probes/prober.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import type { ReferencedObjects } from '../volumes/referenced-objects.ts'
import type { ServiceAccountTokens } from '../volumes/tokens.ts'
import type { CrashLoop } from './crash-loop.ts'
import type { NodeAmounts } from './downward.ts'
import type { PodPaths } from './pod-paths.ts'
import type { ClusterDns } from './sandbox-config.ts'
import type { StatusWriter } from './status-writer.ts'

/** What all pods of a node share; each pod worker is given it. */
export interface PodHost extends NodeAmounts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly runtime: Runtime
  readonly events: EventRecorder
  readonly cgroups: Cgroups
  readonly cgroupRoot: string
  readonly images: ImagePuller
  readonly volumes: PodVolumes
  readonly referenced: ReferencedObjects
  readonly tokens: ServiceAccountTokens
  readonly probes: PodProbes
  readonly prober: Prober
  readonly statuses: StatusWriter
  readonly crashLoop: CrashLoop
  readonly paths: PodPaths
  readonly dns: ClusterDns
  readonly hostIps: readonly string[]
  readonly memoryCapacityBytes: number
  services(): readonly Service[]
  /** The pods of the node but this one, as far as they take room there. */
  others(podUid: string): readonly Pod[]
  /** These containers and sandboxes are the pod's. */
  owns(podUid: string, ids: readonly string[]): void
}
