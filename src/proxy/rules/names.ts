/** What every Service's rules lead to: chains, sets and maps of the table, under upstream's names. */
export const chains = {
  services: 'services',
  markForMasquerade: 'mark-for-masquerade',
  masquerading: 'masquerading',
  reject: 'reject-chain',
  serviceEndpointsCheck: 'service-endpoints-check',
  nodePortEndpointsCheck: 'nodeport-endpoints-check',
  firewallCheck: 'firewall-check',
  clusterIpsCheck: 'cluster-ips-check',
} as const

/** With a verdict: address, protocol and port of a Service → what becomes of its packets. */
export type MapName =
  | 'service-ips'
  | 'service-nodeports'
  | 'no-endpoint-services'
  | 'no-endpoint-nodeports'
  | 'firewall-ips'

export type SetName = 'cluster-ips' | 'nodeport-ips' | 'service-cidrs' | 'cluster-cidrs'
