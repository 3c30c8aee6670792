/** A network configuration list (CNI 1.0.0), as a value: what containerd hands to the plugins. */
export interface NetworkConfiguration {
  readonly cniVersion: string
  readonly name: string
  readonly plugins: readonly Readonly<Record<string, unknown>>[]
}

/** Of pods' network, by which CNI plugins know what is theirs. */
export const networkName = 'k8ts'

export interface PodNetworkOptions {
  /** This node's parts of the pod ranges, one for each IP family. */
  readonly podCidrs: readonly string[]
  /** Remembers which address a pod has; nothing else may write there. */
  readonly dataDirectory: string
  readonly mtu?: number
}

/**
 * How pods of one node get their network: a pair of links each, of which one end stays with the node.
 * Every packet of a pod is routed by the node, also one to a pod beside it, so that Service
 * rules see both directions whether or not the kernel shows bridged packets to them (br_netfilter).
 */
export function podNetwork(options: PodNetworkOptions): NetworkConfiguration {
  const { podCidrs, dataDirectory, mtu } = options
  return {
    cniVersion: '1.0.0',
    name: networkName,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ...(mtu === undefined ? {} : { mtu }),
        ipam: {
          type: 'host-local',
          dataDir: dataDirectory,
          ranges: podCidrs.map((subnet) => [{ subnet }]),
          routes: podCidrs.map((cidr) => ({ dst: cidr.includes(':') ? '::/0' : '0.0.0.0/0' })),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  }
}
