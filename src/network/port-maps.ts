import type { Exec } from '#linux'

/** What the CNI plugin portmap keeps in the table nat, for all networks of a machine together. */
const shared = ['CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-MASQ', 'CNI-HOSTPORT-SETMARK']

/**
 * Removes what the plugin portmap has left for pods of a network: rules of host ports whose pods ended
 * otherwise than by CNI, and the plugin's own chains when no other network uses them.
 */
export async function removePortMaps(exec: Exec, network: string): Promise<void> {
  for (const family of ['iptables', 'ip6tables']) {
    const { stdout } = await exec.run(`${family}-save`, ['-t', 'nat'])
    const script = portMapRemoval(stdout, network)
    if (script === undefined) continue
    await exec.run(`${family}-restore`, ['--noflush'], { input: script })
  }
}

/** Lines for iptables-restore, from what iptables-save prints; undefined where there is nothing to do. */
export function portMapRemoval(saved: string, network: string): string | undefined {
  const lines = saved.split('\n')
  const ports = lines.filter((line) => line.startsWith('-A CNI-HOSTPORT-DNAT '))
  const ours = ports.filter((line) => line.includes(`dnat name: \\"${network}\\" `))
  const chains = ours.flatMap((line) => / -j (CNI-DN-\S+)/.exec(line)?.[1] ?? [])
  const removed = [...ours]
  if (ours.length === ports.length) {
    const present = shared.filter((chain) => lines.some((line) => line.startsWith(`:${chain} `)))
    const jumps = lines.filter((line) => present.some((chain) => line.endsWith(` -j ${chain}`)))
    removed.push(...jumps.filter((line) => /^-A (PREROUTING|OUTPUT|POSTROUTING) /.test(line)))
    chains.push(...present)
  }
  if (removed.length === 0 && chains.length === 0) return undefined
  return [
    '*nat',
    ...removed.map((line) => line.replace(/^-A/, '-D')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    'COMMIT',
    '',
  ].join('\n')
}
