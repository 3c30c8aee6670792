import { existsSync } from 'node:fs'
import type { Clock } from '#base'
import { ipIn, nftIn, realCgroups, realExec, realMounts } from '#linux'
import { removeNodeNetwork } from '#network'
import { removeProxyRules } from '#proxy'
import { endProcess } from '../process-file.ts'
import { nodeError } from './node-error.ts'
import { nodePaths } from './node-paths.ts'
import { removeNode } from './remove-node.ts'

export interface ResetOptions {
  readonly directory: string
  readonly cgroupRoot: string
  readonly clock: Clock
}

/**
 * Makes a machine no node any more: ends its agent, containerd and containers, removes its network,
 * rules and data, whatever is left of them. False where there was nothing. The Node object stays
 * in the cluster until somebody deletes it.
 */
export async function resetAgent(options: ResetOptions): Promise<boolean> {
  try {
    return await reset(options)
  } catch (error) {
    throw await nodeError(error)
  }
}

async function reset({ directory, cgroupRoot, clock }: ResetOptions): Promise<boolean> {
  const wasThere = existsSync(directory)
  const exec = realExec(clock)
  const mounts = realMounts(exec)
  const cgroups = realCgroups(await mounts.list())
  await endProcess(nodePaths(directory).agentFile, 'the agent', clock)
  await removeNode({ directory, cgroupRoot, mounts, cgroups, clock })
  const nft = nftIn(exec)
  await removeProxyRules(nft)
  await removeNodeNetwork({ nft, ip: ipIn(exec) })
  return wasThere
}
