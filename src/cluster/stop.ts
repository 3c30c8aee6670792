import { rmSync } from 'node:fs'
import type { Clock } from '#base'
import { kubeconfigPaths, loadKubeconfig, removeContext } from '#client'
import { dataDirectoryAt, openDataDirectory } from './data-directory.ts'
import { contextName } from './context.ts'
import type { KubeconfigChoice } from './server.ts'
import { endProcess } from './process-file.ts'

/** Ends the server of a data directory and waits for it. False when none was running. */
export function stopServer(dataDir: string, clock: Clock): Promise<boolean> {
  return endProcess(dataDirectoryAt(dataDir).serverFile, 'the server', clock)
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

/** The API server's URL in an administrator's kubeconfig, where there is one. */
export function serverOf(adminKubeconfig: string): string | undefined {
  try {
    return loadKubeconfig([adminKubeconfig]).endpoint.server
  } catch {
    return undefined
  }
}
