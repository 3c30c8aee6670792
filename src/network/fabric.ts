import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { addressAt, parseCidr, type Cidr } from '#machinery'
import { ipIn, type Exec, type Ip, type Mounts, type Nft, type UsedPrefix } from '#linux'
import { NetworkError } from './error.ts'
import { setKernelSetting } from './kernel-setting.ts'
import { overlap } from './overlap.ts'
import { closePassages, openPassages, type Passage } from './passages.ts'

export interface FabricOptions {
  readonly exec: Exec
  readonly mounts: Mounts
  /** Of this machine's own network, both. */
  readonly ip: Ip
  readonly nft: Nft
  /** Tells the links, routes and rules of clusters apart; at most 8 hexadecimal digits. */
  readonly id: string
  /** Of the nodes, IPv4: this machine has the first address, node number n the (10 + n)th. */
  readonly nodeCidr: string
  readonly clusterCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  readonly nodes: readonly FabricNode[]
  /** Whether nodes and pods reach what this machine reaches, under its address. */
  readonly outbound: boolean
}

export interface FabricNode {
  /** Counted from 1. */
  readonly number: number
  /** Where its network namespace is kept: a file that is made. */
  readonly namespace: string
}

/**
 * The segment that the nodes of one machine are on: a bridge, and for each node a network
 * namespace with one link to it, `eth0`. Nothing but this machine reaches it from outside, and what
 * is sent to one of the cluster's ranges and leads to no node is rejected here.
 */
export interface Fabric {
  /** This machine's address on it. */
  readonly hostAddress: string
  addressOf(node: FabricNode): string
  /**
   * Makes what is missing; all of it after a reboot. Rejects with NetworkError `RangeTaken` when a
   * range is in use by something else on this machine, before anything is made.
   */
  ensure(): Promise<void>
  /** Removes it, whatever is left of it. Processes of the nodes have ended. */
  remove(): Promise<void>
}

const firstNode = 10
const bridgePrefix = 'k8ts-'
const forwarding = 'net/ipv4/ip_forward'

/** Throws a NetworkError `Invalid` for a range that does not hold the nodes. */
export function fabric(options: FabricOptions): Fabric {
  const { exec, mounts, ip, nft, id, nodes, outbound, clusterCidrs, serviceCidrs } = options
  const bridge = `${bridgePrefix}${id}`
  const nodeRange = ipv4Range(options.nodeCidr)
  const address = (offset: number) => {
    const found = addressAt(nodeRange, offset)
    if (found !== undefined) return found
    throw new NetworkError('Invalid', `node range ${options.nodeCidr} is too small for the nodes`)
  }
  const hostAddress = address(1)
  const addressOf = ({ number }: FabricNode) => address(firstNode + number)
  const linkOf = ({ number }: FabricNode) => `k${id}-${number}`
  nodes.forEach(addressOf)
  /** By its metric each cluster has its own: clusters may have the same Service range. */
  const rejections = [...clusterCidrs, ...serviceCidrs].map(
    (cidr) => `unreachable ${cidr} metric 0x${id}`,
  )
  /** With br_netfilter, which Docker loads, that is also what nodes send to each other. */
  const passages: readonly Passage[] = [
    { chain: 'FORWARD', match: ['-i', bridge] },
    { chain: 'FORWARD', match: ['-o', bridge] },
    { chain: 'INPUT', match: ['-d', hostAddress, '-i', bridge] },
  ]

  const isKept = async (namespace: string) =>
    (await mounts.list()).some(({ target }) => target === namespace)

  const ensureNode = async (node: FabricNode, links: readonly string[]) => {
    const { namespace } = node
    const link = linkOf(node)
    if (!(await isKept(namespace))) {
      await mkdir(dirname(namespace), { recursive: true })
      await writeFile(namespace, '')
      await exec.run('unshare', [`--net=${namespace}`, 'true'])
    }
    const inside = ipIn(exec, namespace)
    if (!(await inside.links()).includes('eth0')) {
      // Of an attempt that was interrupted, or of a namespace that is gone.
      if (links.includes(link)) await ip.deleteLink(link)
      // Made from inside: batches of ip take no path that has blanks in it.
      await inside.batch([`link add name eth0 type veth peer name ${link} netns ${process.pid}`])
    }
    await ip.batch([`link set dev ${link} master ${bridge} up`])
    await inside.batch([
      'link set dev lo up',
      `address replace ${addressOf(node)}/${nodeRange.prefixLength} dev eth0`,
      'link set dev eth0 up',
      ...(outbound ? [`route replace default via ${hostAddress}`] : []),
    ])
  }

  return {
    hostAddress,
    addressOf,

    async ensure() {
      const ranges = [options.nodeCidr, ...clusterCidrs, ...serviceCidrs]
      checkFree(ranges, await ip.usedPrefixes(), bridge)
      const links = await ip.links()
      if (!links.includes(bridge)) await ip.batch([`link add name ${bridge} type bridge`])
      await ip.batch([
        `address replace ${hostAddress}/${nodeRange.prefixLength} dev ${bridge}`,
        `link set dev ${bridge} up`,
        ...rejections.map((route) => `route replace ${route}`),
      ])
      await nft.apply(hostRules({ ...options, bridge, hostAddress }))
      await openPassages(exec, 'iptables', bridge, passages)
      for (const node of nodes) await ensureNode(node, links)
      if (outbound) await setKernelSetting(forwarding, '1')
    },

    async remove() {
      const links = await ip.links()
      for (const node of nodes) {
        if (links.includes(linkOf(node))) await ip.deleteLink(linkOf(node))
        if (await isKept(node.namespace)) await mounts.unmount(node.namespace)
        await rm(node.namespace, { force: true })
      }
      // Routes by way of the bridge go with it.
      if (links.includes(bridge)) await ip.deleteLink(bridge)
      // Made first, so that one that is gone is no error.
      await ip.batch(rejections.flatMap((each) => [`route replace ${each}`, `route del ${each}`]))
      await nft.apply(removalOf(bridge))
      await closePassages(exec, 'iptables', bridge)
    },
  }
}

/** Whether this machine forwards packets; `up` turns it on, and `down` puts back what was. */
export async function isForwarding(): Promise<boolean> {
  return (await readFile(`/proc/sys/${forwarding}`, 'utf8')).trim() === '1'
}

/** Unless another cluster of this machine still needs it. */
export async function stopForwarding(ip: Ip): Promise<void> {
  if ((await ip.links()).some((link) => link.startsWith(bridgePrefix))) return
  await setKernelSetting(forwarding, '0')
}

function ipv4Range(text: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr?.address.length === 4) return cidr
  throw new NetworkError('Invalid', `node range ${text} is no IPv4 prefix such as 100.64.10.0/24`)
}

/** Rejects ranges that overlap with each other or with what another link has. */
export function checkFree(
  ranges: readonly string[],
  used: readonly UsedPrefix[],
  bridge: string,
): void {
  for (const [at, range] of ranges.entries()) {
    const other = ranges.slice(at + 1).find((each) => overlap(each, range))
    if (other !== undefined) {
      throw new NetworkError('Invalid', `the ranges ${range} and ${other} overlap`)
    }
    // Routes without a link reject, as ours do.
    const taken = used.find(
      ({ prefix, link }) => link !== bridge && link !== '' && overlap(prefix, range),
    )
    if (taken !== undefined) {
      const { prefix, link } = taken
      const message = `addresses of ${range} are in use on this machine: ${prefix} is on ${link}`
      throw new NetworkError('RangeTaken', message, range)
    }
  }
}

interface HostRules {
  readonly bridge: string
  readonly hostAddress: string
  readonly nodeCidr: string
  readonly clusterCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  readonly outbound: boolean
}

const removalOf = (table: string) => `add table inet ${table}\ndelete table inet ${table}\n`

/** From outside nobody comes in; to the cluster's own ranges nobody goes out. */
export function hostRules(rules: HostRules): string {
  const { bridge, hostAddress, nodeCidr, clusterCidrs, serviceCidrs, outbound } = rules
  const ranges = [nodeCidr, ...clusterCidrs, ...serviceCidrs]
  const own = ranges.filter((cidr) => !cidr.includes(':')).join(', ')
  const out = outbound
    ? `iifname "${bridge}" oifname != "${bridge}" ip daddr { ${own} } reject with icmpx type host-unreachable`
    : `iifname "${bridge}" oifname != "${bridge}" reject with icmpx type admin-prohibited`
  return `${removalOf(bridge)}table inet ${bridge} {
  chain input {
    type filter hook input priority filter; policy accept;
    ip daddr ${hostAddress} iifname != { "${bridge}", "lo" } drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ${out}
    oifname "${bridge}" iifname != "${bridge}" ct state new drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${nodeCidr} oifname != "${bridge}" masquerade
  }
}
`
}
