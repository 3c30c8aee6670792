import { readFile } from 'node:fs/promises'
import { parseResolvConf } from '#kubelet'

/** What systemd-resolved asks itself, where resolv.conf names only its stub on loopback. */
const realServers = '/run/systemd/resolve/resolv.conf'

/**
 * Flags of an agent for names outside of the cluster. A resolver on this machine's loopback is not
 * on a node's: there the node's own DNS answers at its address, for containerd, which reads this
 * machine's resolv.conf, and asks the resolvers behind it.
 */
export async function resolverFlags(
  read: (path: string) => Promise<string> = textOf,
): Promise<string[]> {
  const { servers } = parseResolvConf(await read('/etc/resolv.conf'))
  const stubs = servers.filter((server) => server.startsWith('127.'))
  if (stubs.length === 0) return []
  const hasReal = parseResolvConf(await read(realServers)).servers.length > 0
  return [
    ...stubs.map((stub) => `--dns-address=${stub}`),
    ...(hasReal ? [`--resolv-conf=${realServers}`] : []),
  ]
}

/** Empty where there is none. */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
