import { rmSync } from 'node:fs'
import type { Clock } from '#base'
import { kubeconfigPaths, loadKubeconfig, removeContext } from '#client'
import { dataDirectoryAt, openDataDirectory } from './data-directory.ts'
import { ClusterError, codeOf } from './error.ts'
import { contextName } from './context.ts'
import type { KubeconfigChoice } from './server.ts'
import { runningServer } from './server-file.ts'

/** How long a server may take to end when it is asked to, then when it is made to. */
const politeMs = 15_000
const forcedMs = 5_000
const pollMs = 50

/** Ends the server of a data directory and waits for it. False when none was running. */
export async function stopServer(dataDir: string, clock: Clock): Promise<boolean> {
  const directory = dataDirectoryAt(dataDir)
  const record = runningServer(directory)
  if (record === undefined) return false
  for (const [signal, limitMs] of [
    ['SIGTERM', politeMs],
    ['SIGKILL', forcedMs],
  ] as const) {
    kill(record.pid, signal)
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pollMs) {
      if (runningServer(directory) === undefined) return true
      await clock.sleep(pollMs)
    }
  }
  throw new ClusterError(`process ${record.pid} does not end`)
}

/** Removes a cluster whose server does not run: its data, and its context in the kubeconfig. */
export async function deleteCluster(
  dataDir: string,
  kubeconfig: KubeconfigChoice,
  clock: Clock,
): Promise<void> {
  const at = dataDirectoryAt(dataDir)
  const server = serverOf(at.adminKubeconfig)
  if (server !== undefined) {
    const paths = kubeconfigPaths(kubeconfig.path, kubeconfig.env)
    await removeContext(paths, { name: contextName, server }, clock)
  }
  // Opened first, so that nothing is removed that k8ts did not make.
  openDataDirectory(dataDir)
  rmSync(at.path, { recursive: true, force: true })
}

function serverOf(adminKubeconfig: string): string | undefined {
  try {
    return loadKubeconfig([adminKubeconfig]).endpoint.server
  } catch {
    return undefined
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return
    throw new ClusterError(`process ${pid} cannot be stopped by this user`, { cause: error })
  }
}
