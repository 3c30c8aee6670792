import type { ProxyEndpoint } from '../endpoints.ts'
import { prefixesContain } from '../family.ts'
import { endpointRulesMax } from '../limits.ts'
import { isExternal, type ServicePort } from '../service-ports.ts'
import type { Reachable } from '../topology.ts'
import { portNames, type PortNames } from './chain-names.ts'
import { chains, type MapName, type SetName } from './names.ts'

/** What one owner, a Service, wants to stand in the table. Values: two are equal by what is in them. */
export interface OwnRules {
  /** Chains of its own and their rules, in order. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Sets of its own, which packets fill. */
  readonly sets: ReadonlySet<string>
  readonly elements: readonly OwnElement[]
}

/** An element of a set or map that all share. */
export interface OwnElement {
  readonly collection: MapName | SetName
  readonly key: string
  /** Undefined in a set. */
  readonly verdict: string | undefined
  /**
   * When several want to be the same element, the lowest rank gets it, then the older owner: nobody
   * takes away a ClusterIP with an external address.
   */
  readonly rank: 'cluster-ip' | 'other'
}

export interface RuleContext {
  readonly ip: 'ip' | 'ip6'
  /** Whether it is known which addresses are pods': without, nothing is masqueraded for being none. */
  readonly knowsPods: boolean
  readonly nodeIps: readonly string[]
}

/** The rules of all ports of one Service. Pure, and the same for the same input. */
export function serviceRules(
  ports: readonly { readonly port: ServicePort; readonly reachable: Reachable }[],
  context: RuleContext,
): OwnRules {
  const rules = new RuleWriter()
  for (const { port, reachable } of ports) writePort(rules, port, reachable, context)
  return rules
}

class RuleWriter implements OwnRules {
  readonly chains = new Map<string, readonly string[]>()
  readonly sets = new Set<string>()
  readonly elements: OwnElement[] = []

  map(collection: MapName, key: string, verdict: string, rank: OwnElement['rank'] = 'other'): void {
    this.elements.push({ collection, key, verdict, rank })
  }
}

function writePort(
  rules: RuleWriter,
  port: ServicePort,
  reachable: Reachable,
  context: RuleContext,
): void {
  const names = portNames(port)
  const { cluster, local } = reachable
  writeClusterIp(rules, port, names, reachable)
  if (isExternal(port)) writeExternal(rules, port, names, reachable, context)
  if (port.sourceRanges.length > 0) writeFirewall(rules, port, names, context)
  if (cluster.length > 0) {
    const own = port.internalPolicy === 'Cluster' ? offCluster(port, context) : []
    rules.chains.set(names.service, [...own, ...distribution(port, names, cluster, context)])
  }
  if (local.length > 0) {
    const own = port.internalPolicy === 'Local' ? offCluster(port, context) : []
    rules.chains.set(names.local, [...own, ...distribution(port, names, local, context)])
  }
  for (const endpoint of [...cluster, ...local]) {
    const chain = names.endpoint(endpoint)
    if (rules.chains.has(chain)) continue
    rules.chains.set(chain, endpointRules(port, names, endpoint, context))
    if (port.affinitySeconds !== undefined) rules.sets.add(names.affinity(endpoint))
  }
}

function writeClusterIp(
  rules: RuleWriter,
  port: ServicePort,
  names: PortNames,
  { cluster, local, hasAny }: Reachable,
): void {
  const { clusterIp } = port
  const isLocal = port.internalPolicy === 'Local'
  const key = destination(clusterIp, port)
  // Several ports have the same address.
  if (!rules.elements.some((each) => each.collection === 'cluster-ips' && each.key === clusterIp)) {
    const rank = 'cluster-ip'
    rules.elements.push({ collection: 'cluster-ips', key: clusterIp, verdict: undefined, rank })
  }
  if ((isLocal ? local : cluster).length > 0) {
    const chain = isLocal ? names.local : names.service
    rules.map('service-ips', key, `goto ${chain}`, 'cluster-ip')
  } else {
    rules.map('no-endpoint-services', key, withoutEndpoints(isLocal && hasAny), 'cluster-ip')
  }
}

function writeExternal(
  rules: RuleWriter,
  port: ServicePort,
  names: PortNames,
  { cluster, local, hasAny }: Reachable,
  { ip, knowsPods }: RuleContext,
): void {
  const isLocal = port.externalPolicy === 'Local'
  const lead: string[] = []
  if (!isLocal) lead.push(`jump ${chains.markForMasquerade}`)
  else if (cluster.length > 0) {
    // Pods and this node itself are inside: they may go everywhere.
    if (knowsPods) lead.push(`${ip} saddr @cluster-cidrs goto ${names.service}`)
    lead.push(`fib saddr type local jump ${chains.markForMasquerade}`)
    lead.push(`fib saddr type local goto ${names.service}`)
  }
  const [target, endpoints] = isLocal ? [names.local, local] : [names.service, cluster]
  if (endpoints.length > 0) lead.push(`goto ${target}`)
  const leads = cluster.length > 0 || endpoints.length > 0
  if (leads) rules.chains.set(names.external, lead)
  const write = (found: MapName, missing: MapName, key: string) => {
    if (leads) rules.map(found, key, `goto ${names.external}`)
    if (endpoints.length === 0) rules.map(missing, key, withoutEndpoints(isLocal && hasAny))
  }
  for (const address of new Set([...port.externalIps, ...port.loadBalancerIps])) {
    write('service-ips', 'no-endpoint-services', destination(address, port))
  }
  if (port.nodePort !== 0) {
    const key = `${port.protocol.toLowerCase()} . ${port.nodePort}`
    write('service-nodeports', 'no-endpoint-nodeports', key)
  }
}

/** What is nowhere is refused; what is elsewhere is not here: load balancers try another node. */
function withoutEndpoints(isElsewhere: boolean): string {
  return isElsewhere ? 'drop' : `goto ${chains.reject}`
}

function writeFirewall(
  rules: RuleWriter,
  port: ServicePort,
  names: PortNames,
  { ip, nodeIps }: RuleContext,
): void {
  if (port.loadBalancerIps.length === 0) return
  const sources = [...port.sourceRanges]
  // A node that may come may take the balancer's address for its own when it does.
  if (nodeIps.some((nodeIp) => prefixesContain(sources, nodeIp))) {
    sources.push(...port.loadBalancerIps)
  }
  rules.chains.set(names.firewall, [
    ...sources.map((source) => `${ip} saddr ${source} return`),
    'drop',
  ])
  for (const address of port.loadBalancerIps) {
    rules.map('firewall-ips', destination(address, port), `goto ${names.firewall}`)
  }
}

/** Answers to those who are no pods have to come back by this node. */
function offCluster(port: ServicePort, { ip, knowsPods }: RuleContext): string[] {
  if (!knowsPods) return []
  const { clusterIp, protocol, port: number } = port
  const here = `${ip} daddr ${clusterIp} ${protocol.toLowerCase()} dport ${number}`
  return [`${here} ${ip} saddr != @cluster-cidrs jump ${chains.markForMasquerade}`]
}

/** To the endpoint that a client had before, else to any of them with the same chance. */
function distribution(
  port: ServicePort,
  names: PortNames,
  endpoints: readonly ProxyEndpoint[],
  { ip }: RuleContext,
): string[] {
  const targets = endpoints.map((endpoint) => names.endpoint(endpoint))
  const affinity =
    port.affinitySeconds === undefined
      ? []
      : endpoints.map(
          (endpoint) => `${ip} saddr @${names.affinity(endpoint)} goto ${names.endpoint(endpoint)}`,
        )
  if (targets.length > endpointRulesMax) {
    const verdicts = targets.map((target, at) => `${at} : goto ${target}`).join(', ')
    return [...affinity, `numgen random mod ${targets.length} vmap { ${verdicts} }`]
  }
  // One of n with chance 1/n, else one of the n - 1 others with 1/(n - 1), and so on.
  const choices = targets.map((target, at) => {
    const left = targets.length - at
    return left === 1 ? `goto ${target}` : `numgen random mod ${left} 0 goto ${target}`
  })
  return [...affinity, ...choices]
}

function endpointRules(
  port: ServicePort,
  names: PortNames,
  endpoint: ProxyEndpoint,
  { ip }: RuleContext,
): string[] {
  const target = ip === 'ip6' ? `[${endpoint.ip}]` : endpoint.ip
  const affinity =
    port.affinitySeconds === undefined
      ? []
      : [`update @${names.affinity(endpoint)} { ${ip} saddr timeout ${port.affinitySeconds}s }`]
  return [
    // An endpoint that is its own client would answer itself without going through here again.
    `${ip} saddr ${endpoint.ip} jump ${chains.markForMasquerade}`,
    ...affinity,
    `meta l4proto ${port.protocol.toLowerCase()} dnat to ${target}:${endpoint.port}`,
  ]
}

function destination(ip: string, { protocol, port }: ServicePort): string {
  return `${ip} . ${protocol.toLowerCase()} . ${port}`
}
