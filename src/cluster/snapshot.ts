import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock, Log, Random } from '#base'
import { openStore, restoreSnapshot, saveSnapshot, type SnapshotStatus } from '#store'
import { asClusterError } from './as-cluster-error.ts'
import { requestSnapshot } from './control.ts'
import { dataDirectoryAt, openDataDirectory } from './data-directory.ts'
import { ClusterError } from './error.ts'
import { runningServer } from './process-file.ts'

export interface SnapshotServices {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Writes the state of a cluster to a file: through its server when that runs, else from its data
 * directory. The keys in `pki` are not part of it.
 */
export async function saveClusterSnapshot(
  dataDir: string,
  file: string,
  services: SnapshotServices,
): Promise<SnapshotStatus> {
  const path = resolve(file)
  const directory = dataDirectoryAt(dataDir)
  const server = runningServer(directory)
  if (server !== undefined) return requestSnapshot(directory.controlSocket, path)
  if (!existsSync(directory.store)) {
    throw new ClusterError(`data directory ${directory.path} holds no store: nothing to save`)
  }
  return guarded(dataDir, async () => {
    await using store = await openStore({ type: 'sqlite', dataDir: directory.store, ...services })
    return await saveSnapshot(store, path)
  })
}

/**
 * Makes the store of a data directory that has none from a snapshot. The server must not run.
 * Without the `pki` of the old cluster in place, a new identity is made at the next start.
 */
export async function restoreClusterSnapshot(
  dataDir: string,
  file: string,
  clock: Clock,
): Promise<SnapshotStatus> {
  const running = runningServer(dataDirectoryAt(dataDir))
  if (running !== undefined) {
    throw new ClusterError(`the server runs (process ${running.pid}): stop it first`)
  }
  return guarded(dataDir, async () => {
    const directory = openDataDirectory(dataDir)
    try {
      return await restoreSnapshot(resolve(file), directory.store, clock)
    } catch (error) {
      directory.abandon()
      throw error
    }
  })
}

async function guarded<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asClusterError(error, dataDir) ?? error
  }
}
