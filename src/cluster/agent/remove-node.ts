import { rm } from 'node:fs/promises'
import { destroyRemains } from '#kubelet'
import type { Clock } from '#base'
import type { Cgroups, Mounts } from '#linux'
import { nodePaths } from './node-paths.ts'

export interface RemoveNodeOptions {
  readonly directory: string
  readonly cgroupRoot: string
  readonly mounts: Mounts
  readonly cgroups: Cgroups
  readonly clock: Clock
}

/**
 * Ends everything that a node has started and removes its directory, whatever state it is in:
 * containerd, shims, containers, volumes' mounts, cgroups. Its agent has ended. Idempotent.
 */
export async function removeNode(options: RemoveNodeOptions): Promise<void> {
  const paths = nodePaths(options.directory)
  await destroyRemains({ ...options, directory: paths.containerd })
  // Volumes that are mounts of their own.
  await destroyRemains({ ...options, directory: paths.kubelet })
  await rm(options.directory, { recursive: true, force: true })
}
