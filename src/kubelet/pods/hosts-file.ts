import type { Pod } from '#api'
import { hostnameOf } from './sandbox-config.ts'

/** The /etc/hosts of a pod with a network of its own. */
export function hostsFile(pod: Pod, podIps: readonly string[], domain: string): string {
  const { subdomain, hostAliases = [] } = pod.spec
  const hostname = hostnameOf(pod)
  const fqdn =
    subdomain === undefined || pod.spec.hostnameOverride !== undefined
      ? ''
      : `${hostname}.${subdomain}.${pod.metadata.namespace ?? ''}.svc.${domain}\t`
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...podIps.map((ip) => `${ip}\t${fqdn}${hostname}`),
  ]
  if (hostAliases.length > 0) {
    lines.push('', '# Entries added by HostAliases.')
    for (const { ip, hostnames = [] } of hostAliases) lines.push(`${ip}\t${hostnames.join('\t')}`)
  }
  return `${lines.join('\n')}\n`
}
