import { parseCidr } from '#machinery'
import type { Ip } from '#linux'

/** The link by which pods of nodes on other segments are reached. */
export const tunnelLink = 'k8ts-vxlan'
/** Flannel's and Linux' own port; the number of the network is ours. */
const port = 8472
const network = 86

/** This node's end of the tunnel. */
export interface TunnelEnd {
  /** Of its pods. */
  readonly cidr: string
  /** Its address on its own segment. */
  readonly address: string
}

/**
 * Makes this node's end, or leaves it as it is when it is right. Both ends know each other's inner
 * addresses without asking: they follow from the pod range.
 */
export async function ensureTunnel(ip: Ip, { cidr, address }: TunnelEnd): Promise<void> {
  const mac = tunnelMac(cidr)
  const found = await ip.describeLink(tunnelLink)
  const isRight = found?.includes(mac) === true && found.includes(` local ${address} `)
  if (found !== undefined && !isRight) await ip.deleteLink(tunnelLink)
  const kind = `type vxlan id ${network} dstport ${port} local ${address} nolearning`
  await ip.batch([
    ...(isRight ? [] : [`link add name ${tunnelLink} address ${mac} ${kind}`]),
    `address replace ${innerAddress(cidr)}/32 dev ${tunnelLink}`,
    `link set dev ${tunnelLink} up`,
  ])
}

/** Says by which node the pods of a range are reached: for `ip -batch` and `bridge -batch`. */
export function tunnelEntry({ cidr, address }: TunnelEnd): { ip: string; bridge: string } {
  const mac = tunnelMac(cidr)
  return {
    ip: `neigh replace ${innerAddress(cidr)} lladdr ${mac} dev ${tunnelLink} nud permanent`,
    bridge: `fdb replace ${mac} dev ${tunnelLink} dst ${address}`,
  }
}

/** The first address of a pod range, which no pod gets, is that of its node in the tunnel. */
export function innerAddress(cidr: string): string {
  return cidr.slice(0, cidr.indexOf('/'))
}

/** Locally administered, and unique where pod ranges are. */
export function tunnelMac(cidr: string): string {
  const bytes = parseCidr(cidr)?.address ?? []
  return [0x02, 0x86, ...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
