import { existsSync } from 'node:fs'
import { asError, withTimeout, type Clock, type Log, type Random } from '#base'
import { containerdAddress, removeSandboxes } from '#kubelet'
import { ipIn, nftIn, realCgroups, realExec, realMounts } from '#linux'
import { removeNodeNetwork } from '#network'
import { removeProxyRules } from '#proxy'
import { realDirectory } from '../data-directory.ts'
import { endProcess } from '../process-file.ts'
import { nodeError } from './node-error.ts'
import { nodePaths } from './node-paths.ts'
import { keptSettings } from './node-settings.ts'
import { removeNode } from './remove-node.ts'

export interface ResetOptions {
  readonly directory: string
  readonly cgroupRoot: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const podsMs = 30_000

/**
 * Makes a machine no node any more: ends its agent, containerd and containers, removes its network,
 * rules and data, whatever is left of them. False where there was nothing. The Node object stays
 * in the cluster until somebody deletes it.
 */
export async function resetAgent(options: ResetOptions): Promise<boolean> {
  try {
    return await reset({ ...options, directory: realDirectory(options.directory) })
  } catch (error) {
    throw await nodeError(error)
  }
}

async function reset(options: ResetOptions): Promise<boolean> {
  const { directory, cgroupRoot, clock } = options
  const wasThere = existsSync(directory)
  const exec = realExec(clock)
  const mounts = realMounts(exec)
  const cgroups = realCgroups(await mounts.list())
  const paths = nodePaths(directory)
  await endProcess(paths.agentFile, 'the agent', clock)
  const settings = keptSettings(paths.settings)
  await endPodsInOrder(containerdAddress(paths.containerd), options)
  await removeNode({ directory, cgroupRoot, mounts, cgroups, clock })
  const nft = nftIn(exec)
  const ip = ipIn(exec)
  await removeProxyRules(nft)
  await removeNodeNetwork({ exec, nft, ip })
  for (const address of settings?.clusterDns ?? []) await ip.removeAddress('lo', address)
  return wasThere
}

/** What else ends them leaves the rules of their host ports. */
async function endPodsInOrder(address: string, options: ResetOptions): Promise<void> {
  const { clock, log } = options
  if (!existsSync(address)) return
  try {
    const work = removeSandboxes({ ...options, address })
    await withTimeout(clock, work, podsMs, 'pods to end')
  } catch (error) {
    log.warn('pods are killed, as they did not end in order', { error: asError(error).message })
  }
}
