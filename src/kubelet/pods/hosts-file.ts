import type { Pod } from '#api'
import { fullNameOf, hostnameOf } from './sandbox-config.ts'

/** The /etc/hosts of a pod with a network of its own. */
export function hostsFile(pod: Pod, podIps: readonly string[], domain: string): string {
  const fullName = fullNameOf(pod, domain)
  const names = fullName === undefined ? hostnameOf(pod) : `${fullName}\t${hostnameOf(pod)}`
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...podIps.map((ip) => `${ip}\t${names}`),
    ...aliasLines(pod),
  ]
  return `${lines.join('\n')}\n`
}

/** The /etc/hosts of a pod in the node's network: the node's own, and the pod's aliases. */
export function hostsFileOfNode(pod: Pod, nodeFile: string): string {
  const lines = ['# Kubernetes-managed hosts file (host network).', nodeFile.trimEnd()]
  return `${[...lines, ...aliasLines(pod)].join('\n')}\n`
}

function aliasLines({ spec: { hostAliases = [] } }: Pod): readonly string[] {
  if (hostAliases.length === 0) return []
  return [
    '',
    '# Entries added by HostAliases.',
    ...hostAliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`),
  ]
}
