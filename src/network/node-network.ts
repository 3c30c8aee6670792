import type { Exec, Ip, Nft } from '#linux'
import { networkName } from './cni.ts'
import { standInRemoval } from './dns-stand-ins.ts'
import { setKernelSetting } from './kernel-setting.ts'
import { removeNodeRoutes } from './node-routes.ts'
import { closePassages, openPassages, type Firewall, type Passage } from './passages.ts'
import { removePortMaps } from './port-maps.ts'
import { rejectLink } from './reject-link.ts'

export interface NodeNetworkOptions {
  /** Runs programs in the network that `ip` and `nft` are of. */
  readonly exec: Exec
  readonly nft: Nft
  readonly ip: Ip
  /** Of this node: the source of what the node itself sends to pods and Services. */
  readonly nodeIps: readonly string[]
  readonly clusterCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
}

const table = 'k8ts-network'
const firewalls = ['iptables', 'ip6tables'] as const

/**
 * Makes the network of this machine, or of the namespace this process is in, that of a node:
 * it forwards; packets to pods and Services for which there is no better route or rule lead to a
 * link that rejects them, so that none leaves the node; and what pods send out of the cluster
 * carries the node's address. Idempotent.
 */
export async function prepareNodeNetwork(options: NodeNetworkOptions): Promise<void> {
  const { exec, nft, ip, nodeIps, clusterCidrs, serviceCidrs } = options
  await ip.up('lo')
  await setSysctls(clusterCidrs.some((cidr) => cidr.includes(':')))
  if (!(await ip.links()).includes(rejectLink)) {
    // A bridge without ports: a link that leads nowhere, where dummy links are not to be had.
    await ip.batch([`link add name ${rejectLink} type bridge`])
  }
  await ip.batch([
    `link set dev ${rejectLink} up`,
    ...[...clusterCidrs, ...serviceCidrs].map((cidr) => rangeRoute(cidr, nodeIps)),
  ])
  await nft.apply(nodeRules(clusterCidrs))
  for (const firewall of firewalls) {
    await openPassages(exec, firewall, table, podPassages(firewall, options))
  }
}

/**
 * Undoes `prepareNodeNetwork`, but for the kernel's settings, and what the node's routes, DNS rules
 * and host ports have left. What is not there is no error.
 */
export async function removeNodeNetwork(options: {
  readonly exec: Exec
  readonly nft: Nft
  readonly ip: Ip
}): Promise<void> {
  const { exec, nft, ip } = options
  await removeNodeRoutes(ip)
  if ((await ip.links()).includes(rejectLink)) await ip.deleteLink(rejectLink)
  await nft.apply(removal + standInRemoval)
  await removePortMaps(exec, networkName)
  for (const firewall of firewalls) await closePassages(exec, firewall, table)
}

/** What pods send and get, and what they ask the node's own DNS. */
export function podPassages(
  firewall: Firewall,
  ranges: Pick<NodeNetworkOptions, 'clusterCidrs' | 'serviceCidrs'>,
): Passage[] {
  const ofFamily = (cidr: string) => cidr.includes(':') === (firewall === 'ip6tables')
  const services = ranges.serviceCidrs.filter(ofFamily)
  return ranges.clusterCidrs
    .filter(ofFamily)
    .flatMap((pods): Passage[] => [
      { chain: 'FORWARD', match: ['-s', pods] },
      { chain: 'FORWARD', match: ['-d', pods] },
      ...services.map((own): Passage => ({ chain: 'INPUT', match: ['-s', pods, '-d', own] })),
    ])
}

function rangeRoute(cidr: string, nodeIps: readonly string[]): string {
  const source = nodeIps.find((ip) => ip.includes(':') === cidr.includes(':'))
  const from = source === undefined ? '' : ` src ${source}`
  return `route replace ${cidr} dev ${rejectLink}${from}`
}

const removal = `add table inet ${table}\ndelete table inet ${table}\n`

/**
 * A packet of the node's own that Service rules have given another destination shows the link of its
 * first one still, so those are let through. What pods send to pods keeps its source.
 */
export function nodeRules(clusterCidrs: readonly string[]): string {
  const families = [
    { family: 'ip', cidrs: clusterCidrs.filter((cidr) => !cidr.includes(':')) },
    { family: 'ip6', cidrs: clusterCidrs.filter((cidr) => cidr.includes(':')) },
  ].filter(({ cidrs }) => cidrs.length > 0)
  const masquerade = families.map(({ family, cidrs }) => {
    const pods = `{ ${cidrs.join(', ')} }`
    return `    ${family} saddr ${pods} ${family} daddr != ${pods} oifname != "${rejectLink}" masquerade`
  })
  return `${removal}table inet ${table} {
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname "${rejectLink}" reject with icmpx type host-unreachable
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "${rejectLink}" ct status dnat accept
    oifname "${rejectLink}" reject with icmpx type host-unreachable
  }
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
${masquerade.join('\n')}
  }
}
`
}

async function setSysctls(ipv6: boolean): Promise<void> {
  await setKernelSetting('net/ipv4/ip_forward', '1')
  if (ipv6) await setKernelSetting('net/ipv6/conf/all/forwarding', '1')
}
