import { machineResolvers } from '../agent/resolv-conf.ts'

/**
 * Flags of an agent for names outside of the cluster. A resolver on this machine's loopback is not
 * on a node's: there the node's own DNS answers at its address, for containerd, which reads this
 * machine's resolv.conf, and asks the resolvers behind it.
 */
export async function resolverFlags(read?: (path: string) => Promise<string>): Promise<string[]> {
  const { file, stubs } = await machineResolvers(read)
  if (stubs.length === 0) return []
  return [...stubs.map((stub) => `--dns-address=${stub}`), `--resolv-conf=${file}`]
}
