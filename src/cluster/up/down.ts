import { rm } from 'node:fs/promises'
import { asError, type Clock } from '#base'
import { removeContext, restoreContext } from '#client'
import { endProcesses, ipIn, realCgroups, realExec, realMounts } from '#linux'
import { stopForwarding } from '#network'
import { contextName } from '../context.ts'
import { dataDirectoryAt, openDataDirectory, realDirectory } from '../data-directory.ts'
import { ClusterError } from '../error.ts'
import { nodeError } from '../agent/node-error.ts'
import { removeNode } from '../agent/remove-node.ts'
import { endProcess } from '../process-file.ts'
import { serverOf } from '../stop.ts'
import { agentsOf, serversOf } from './find-processes.ts'
import { fabricOf } from './machine-network.ts'
import { currentBootId, readUpRecord, upLock, upNodes, type UpRecord } from './record.ts'
import type { Progress } from './progress.ts'

export interface DownOptions {
  readonly clock: Clock
  readonly dataDir: string
  readonly progress: Progress
}

/** Removes a cluster as `removeCluster` does; an `up` that is at work on it is ended first. */
export async function down(options: DownOptions): Promise<boolean> {
  const { clock, dataDir } = options
  try {
    const interrupted = await endProcess(upLock(dataDir), 'k8ts up', clock)
    // Told to end, it removes by itself what it has made.
    return (await removeCluster(options)) || interrupted
  } catch (error) {
    throw await nodeError(error)
  }
}

/**
 * Removes a cluster that `up` has made, with every trace of it, whatever state it is in: running,
 * crashed, half made, or from before a reboot. False where there is none. Rejects with a
 * ClusterError when something does not go away; called again it goes on where it was.
 */
export async function removeCluster({ clock, dataDir, progress }: DownOptions): Promise<boolean> {
  const directory = realDirectory(dataDir)
  const record = readUpRecord(directory)
  if (record === undefined) return false
  const nodes = upNodes(directory, record)
  progress('stopping the agents and the server')
  await Promise.all([
    ...nodes.map((node) => endProcesses(() => agentsOf(node), `the agent of ${node.name}`, clock)),
    endProcesses(() => serversOf(directory), 'the server', clock),
  ])
  progress('removing containers')
  const exec = realExec(clock)
  const mounts = realMounts(exec)
  const cgroups = realCgroups(await mounts.list())
  await Promise.all(nodes.map((node) => removeNode({ ...node, mounts, cgroups, clock })))
  progress('removing networks')
  await fabricOf(directory, record, clock).remove()
  // What the machine does since a reboot is none of ours.
  const turnedOn = record.turnedForwardingOn && record.bootId === (await currentBootId())
  if (turnedOn) await stopForwarding(ipIn(exec))
  progress('removing data')
  const problem = await forgetContext(directory, record, clock).then(
    () => undefined,
    (error: unknown) => asError(error),
  )
  // Opened first, so that nothing is removed that k8ts did not make.
  openDataDirectory(directory)
  await rm(directory, { recursive: true, force: true })
  if (problem === undefined) return true
  const message = `the cluster is removed, but not its context: ${problem.message}`
  throw new ClusterError(`${message}; kubectl config delete-context k8ts does that`, {
    cause: problem,
  })
}

async function forgetContext(dataDir: string, record: UpRecord, clock: Clock): Promise<void> {
  if (record.kubeconfig === undefined) return
  const { files, former } = record.kubeconfig
  const server = serverOf(dataDirectoryAt(dataDir).adminKubeconfig)
  if (server === undefined) return
  const removed = await removeContext(files, { name: contextName, server }, clock)
  if (removed && former !== undefined) await restoreContext(former, contextName, clock)
}
