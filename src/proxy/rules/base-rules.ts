import type { FamilyNames } from '../family.ts'
import { chains } from './names.ts'

/** The bit of a packet's mark that asks for a masquerade; upstream's bit 14. */
const masqueradeMark = '0x4000'

/**
 * The table without any Service, as commands; what stood there before is gone in the same
 * transaction. Hooks and priorities are upstream's, so that other components stand before and behind
 * them as they expect.
 */
export function baseRules(
  { table, ip, addressType }: FamilyNames,
  facts: { readonly nodeIps: readonly string[]; readonly clusterCidrs: readonly string[] },
): string[] {
  const place = `${table.family} ${table.name}`
  const lines = [`add table ${place}`, `delete table ${place}`, `add table ${place}`]
  const set = (name: string, rest: string) => lines.push(`add set ${place} ${name} { ${rest} ; }`)
  const map = (name: string, key: string) =>
    lines.push(`add map ${place} ${name} { type ${key} : verdict ; }`)
  const destination = `${addressType} . inet_proto . inet_service`
  const portOnly = 'inet_proto . inet_service'
  set('cluster-ips', `type ${addressType}`)
  set('nodeport-ips', `type ${addressType}`)
  set('cluster-cidrs', `type ${addressType} ; flags interval`)
  set('service-cidrs', `type ${addressType} ; flags interval`)
  map('service-ips', destination)
  map('service-nodeports', portOnly)
  map('no-endpoint-services', destination)
  map('no-endpoint-nodeports', portOnly)
  map('firewall-ips', destination)
  for (const chain of Object.values(chains)) lines.push(`add chain ${place} ${chain}`)
  for (const { name, hook } of hooks) lines.push(`add chain ${place} ${name} { ${hook} ; }`)
  const bodies = [...sharedRules(ip), ...hooks.map(({ name, rules }) => ({ name, rules }))]
  for (const { name, rules } of bodies) {
    lines.push(...rules.map((rule) => `add rule ${place} ${name} ${rule}`))
  }
  const fill = (name: string, members: readonly string[]) => {
    if (members.length > 0) lines.push(`add element ${place} ${name} { ${members.join(', ')} }`)
  }
  fill('nodeport-ips', facts.nodeIps)
  fill('cluster-cidrs', facts.clusterCidrs)
  return lines
}

interface Body {
  readonly name: string
  readonly rules: readonly string[]
}

/**
 * An ICMP error that comes back while the client's connect is still under way, as over a veth it
 * does, is lost to it: it would learn of the refusal a second later, from its next try.
 */
// Differs from Kubernetes: TCP is refused by a reset, all else by ICMP as upstream does.
const refusal = ['meta l4proto tcp reject with tcp reset', 'reject']

const toServices = [`jump ${chains.services}`]
const firewall = [`ct state new jump ${chains.firewallCheck}`]
const endpointsCheck = `ct state new jump ${chains.serviceEndpointsCheck}`
const clusterIpsCheck = `ct state new jump ${chains.clusterIpsCheck}`

const hooks: readonly (Body & { readonly hook: string })[] = [
  // Who may come to a load balancer is seen before addresses are translated,
  {
    name: 'filter-prerouting-pre-dnat',
    hook: 'type filter hook prerouting priority -110',
    rules: firewall,
  },
  {
    name: 'filter-output-pre-dnat',
    hook: 'type filter hook output priority -110',
    rules: firewall,
  },
  { name: 'nat-prerouting', hook: 'type nat hook prerouting priority -100', rules: toServices },
  { name: 'nat-output', hook: 'type nat hook output priority -100', rules: toServices },
  // and what nothing has translated, afterwards.
  {
    name: 'filter-input',
    hook: 'type filter hook input priority 0',
    rules: [`ct state new jump ${chains.nodePortEndpointsCheck}`, endpointsCheck],
  },
  {
    name: 'filter-forward',
    hook: 'type filter hook forward priority 0',
    // A packet without a connection is not translated: the peer would see an address it never spoke to.
    rules: ['ct state invalid drop', endpointsCheck, clusterIpsCheck],
  },
  {
    name: 'filter-output',
    hook: 'type filter hook output priority 0',
    rules: [endpointsCheck, clusterIpsCheck],
  },
  {
    name: 'nat-postrouting',
    hook: 'type nat hook postrouting priority 100',
    rules: [`jump ${chains.masquerading}`],
  },
]

function sharedRules(ip: 'ip' | 'ip6'): Body[] {
  const destination = `${ip} daddr . meta l4proto . th dport`
  const nodePort = `${ip} daddr @nodeport-ips meta l4proto . th dport`
  return [
    {
      name: chains.services,
      rules: [`${destination} vmap @service-ips`, `${nodePort} vmap @service-nodeports`],
    },
    {
      name: chains.markForMasquerade,
      rules: [`meta mark set meta mark or ${masqueradeMark}`],
    },
    {
      name: chains.masquerading,
      rules: [
        `meta mark and ${masqueradeMark} == 0 return`,
        // The packet may come by again, through a tunnel.
        `meta mark set meta mark xor ${masqueradeMark}`,
        'masquerade fully-random',
      ],
    },
    { name: chains.reject, rules: refusal },
    {
      name: chains.serviceEndpointsCheck,
      rules: [
        // A ClusterIP that this node has itself, as that of cluster DNS, is served without endpoints.
        `${ip} daddr @cluster-ips fib daddr type local return`,
        `${destination} vmap @no-endpoint-services`,
      ],
    },
    { name: chains.nodePortEndpointsCheck, rules: [`${nodePort} vmap @no-endpoint-nodeports`] },
    { name: chains.firewallCheck, rules: [`${destination} vmap @firewall-ips`] },
    {
      name: chains.clusterIpsCheck,
      rules: [
        `${ip} daddr @cluster-ips fib daddr type != local goto ${chains.reject}`,
        // Of no Service yet: a client's next try may come after the Service has.
        `${ip} daddr @service-cidrs fib daddr type != local drop`,
      ],
    },
  ]
}
