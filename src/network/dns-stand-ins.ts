import type { Node, NodeCondition } from '#api'
import type { Clock, Log } from '#base'
import type { Informers } from '#client'
import type { Nft } from '#linux'
import { followNodes } from './follow-nodes.ts'
import { innerAddress } from './tunnel.ts'

export interface DnsStandInsOptions {
  /** Shared; whoever made them starts them. */
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly nft: Nft
  readonly nodeName: string
  readonly clusterDns: readonly string[]
  readonly clusterCidrs: readonly string[]
}

const table = 'k8ts-dns'
/** A node that is away is asked by few others, and not by all. */
const standInsMax = 3

/**
 * Keeps rules by which other nodes answer the DNS queries of this node's pods while nothing here
 * listens for them: between two agents, and after the end of one. The kernel looks at each query
 * whether somebody listens, so nobody has to notice. The rules stay when it is disposed.
 */
export function keepDnsStandIns(options: DnsStandInsOptions): AsyncDisposable {
  const { nft, nodeName } = options
  let present: string | undefined
  return followNodes({
    ...options,
    warning: 'rules for DNS were not set',
    async sync(nodes) {
      const own = nodes.find(({ metadata }) => metadata.name === nodeName)
      const rules = standInRules({
        ...options,
        own: podCidrsOf(own),
        others: standInsOf(nodes, nodeName).map(podCidrsOf),
      })
      if (rules === present) return
      present = undefined
      await nft.apply(rules)
      present = rules
    },
  })
}

export const standInRemoval = `add table inet ${table}\ndelete table inet ${table}\n`

/** What a stand-in depends on. */
export interface StandIn extends Pick<Node, 'metadata' | 'spec'> {
  readonly status: {
    readonly conditions?: readonly Pick<NodeCondition, 'status' | 'type'>[]
  }
}

/** The ready nodes that come next by name, so that those of different nodes are different. */
export function standInsOf<N extends StandIn>(nodes: readonly N[], self: string): readonly N[] {
  const nameOf = ({ metadata }: N) => metadata.name ?? ''
  const others = nodes
    .filter((node) => nameOf(node) !== self && isReady(node))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const after = others.filter((node) => nameOf(node) > self)
  const before = others.filter((node) => nameOf(node) < self)
  return [...after, ...before].slice(0, standInsMax)
}

function isReady({ status }: StandIn): boolean {
  return status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
}

function podCidrsOf(node: Pick<Node, 'spec'> | undefined): readonly string[] {
  return node?.spec.podCIDRs ?? []
}

interface StandInRules {
  readonly clusterDns: readonly string[]
  readonly clusterCidrs: readonly string[]
  /** Pod ranges of this node, and those of each that stands in for it. */
  readonly own: readonly string[]
  readonly others: readonly (readonly string[])[]
}

/**
 * A node's DNS is asked from elsewhere at the first address of its pod range, which no pod gets and
 * which routes lead to. What is asked and answered within the node is not tracked: else a query would
 * go the way of an earlier one from the same port, whoever listened then.
 */
export function standInRules(rules: StandInRules): string {
  const raw: string[] = []
  const answers: string[] = []
  const nat: string[] = []
  for (const address of rules.clusterDns) {
    const isIpv6 = address.includes(':')
    const family = isIpv6 ? 'ip6' : 'ip'
    const ofFamily = (cidrs: readonly string[]) => cidrs.filter((c) => c.includes(':') === isIpv6)
    const [own] = ofFamily(rules.own)
    const pods = ofFamily(rules.clusterCidrs).join(', ')
    const places = rules.others.flatMap((cidrs) => ofFamily(cidrs).slice(0, 1)).map(innerAddress)
    if (own === undefined || pods === '' || places.length === 0) continue
    const query = (from: string, to: string) =>
      `${family} saddr ${from} ${family} daddr ${to} meta l4proto { tcp, udp } th dport 53`
    // Somebody listens at this very address.
    raw.push(`${query(own, address)} socket wildcard 0 notrack`)
    const answer = `${family} saddr ${address} ${family} daddr ${own}`
    answers.push(`${answer} meta l4proto { tcp, udp } th sport 53 notrack`)
    const choice = places.map((place, i) => `${i} : ${place}`).join(', ')
    const anybody = `numgen random mod ${places.length} map { ${choice} }`
    nat.push(
      `${query(`{ ${pods} }`, innerAddress(own))} dnat ${family} to ${address}`,
      `${query(own, address)} dnat ${family} to ${anybody}`,
    )
  }
  const chain = (name: string, head: string, lines: readonly string[]) =>
    [
      `  chain ${name} {`,
      `    ${head} policy accept;`,
      ...lines.map((line) => `    ${line}`),
      '  }',
    ].join('\n')
  return `${standInRemoval}table inet ${table} {
${chain('queries', 'type filter hook prerouting priority raw;', raw)}
${chain('answers', 'type filter hook output priority raw;', answers)}
${chain('elsewhere', 'type nat hook prerouting priority dstnat - 1;', nat)}
}
`
}
