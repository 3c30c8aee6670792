import { LinuxError, type Exec } from '#linux'
import { flowListBytesMax, flowDeletionsMax } from './limits.ts'
import { deletions, parseFlows, staleFlows, type UdpTargets } from './stale-flows.ts'

/** Forgets UDP flows to Services whose endpoint is gone. */
export interface Conntrack {
  /** Resolves with how many there were. Rejects with a LinuxError. */
  deleteStale(targets: UdpTargets): Promise<number>
}

/** Through the program conntrack, in the network namespace that `exec` runs programs in. */
export function conntrackOver(
  exec: Exec,
  family: 'ipv4' | 'ipv6',
  nodeIps: readonly string[],
): Conntrack {
  const own = new Set(nodeIps)
  return {
    async deleteStale(targets) {
      const args = ['-L', '-f', family, '-p', 'udp']
      const { stdout } = await exec.run('conntrack', args, { outputBytesMax: flowListBytesMax })
      const stale = staleFlows(parseFlows(stdout), targets, own)
      for (const args of deletions(stale, family).slice(0, flowDeletionsMax)) {
        try {
          await exec.run('conntrack', args)
        } catch (error) {
          if (!endedMeanwhile(error)) throw error
        }
      }
      return stale.length
    },
  }
}

/** What is not there any more cannot be deleted, and need not. */
function endedMeanwhile(error: unknown): boolean {
  return error instanceof LinuxError && error.message.includes(' 0 flow entries')
}
