import { formatIp, parseIp } from '#machinery'
import type { ProxyEndpoint } from './endpoints.ts'
import type { ServicePort } from './service-ports.ts'

/** Where UDP packets may be addressed to, and who may answer them. */
export interface UdpTargets {
  /** `address port` → addresses of endpoints that serve. */
  readonly byAddress: ReadonlyMap<string, ReadonlySet<string>>
  /** Port of this node → the same. */
  readonly byNodePort: ReadonlyMap<number, ReadonlySet<string>>
}

/** A UDP flow as conntrack knows it. */
export interface Flow {
  readonly destination: string
  readonly destinationPort: number
  /** Who answers: the endpoint, or the destination itself where nothing was translated. */
  readonly answers: string
}

/**
 * Of one port, for all its addresses; undefined where flows are left alone: of other protocols,
 * whose peers notice, and without an endpoint that could take over. Traffic policies do not matter:
 * what flows to an endpoint that serves goes on, as TCP connections do.
 */
export function udpTargets(
  port: ServicePort,
  endpoints: readonly ProxyEndpoint[],
): UdpTargets | undefined {
  if (port.protocol !== 'UDP') return undefined
  const serving = new Set(endpoints.filter((each) => each.serving).map(({ ip }) => ip))
  if (serving.size === 0) return undefined
  const addresses = [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps]
  return {
    byAddress: new Map(addresses.map((address) => [`${address} ${port.port}`, serving])),
    byNodePort: new Map(port.nodePort === 0 ? [] : [[port.nodePort, serving]]),
  }
}

export function mergeTargets(all: Iterable<UdpTargets>): UdpTargets {
  const byAddress = new Map<string, ReadonlySet<string>>()
  const byNodePort = new Map<number, ReadonlySet<string>>()
  for (const targets of all) {
    for (const [key, serving] of targets.byAddress) byAddress.set(key, serving)
    for (const [key, serving] of targets.byNodePort) byNodePort.set(key, serving)
  }
  return { byAddress, byNodePort }
}

/** Equal exactly for the same targets. */
export function fingerprint({ byAddress, byNodePort }: UdpTargets): string {
  const part = (entries: Iterable<readonly [string | number, ReadonlySet<string>]>) =>
    [...entries].map(([key, serving]) => `${key}=${[...serving].sort().join(',')}`).sort()
  return [...part(byAddress), ...part(byNodePort)].join(' ')
}

/**
 * Flows that go to a Service and are answered by none of its endpoints: their client would go on
 * talking to nobody for as long as it talks.
 */
export function staleFlows(
  flows: readonly Flow[],
  targets: UdpTargets,
  nodeIps: ReadonlySet<string>,
): Flow[] {
  return flows.filter(({ destination, destinationPort, answers }) => {
    const serving =
      targets.byAddress.get(`${destination} ${destinationPort}`) ??
      (nodeIps.has(destination) ? targets.byNodePort.get(destinationPort) : undefined)
    return serving !== undefined && !serving.has(answers)
  })
}

/** What `conntrack -L` prints; lines that are none are left out. */
export function parseFlows(text: string): Flow[] {
  return text
    .split('\n')
    .map(parseFlow)
    .filter((flow) => flow !== undefined)
}

/** Arguments of `conntrack -D` that delete these, and what is stale just as they are, once each. */
export function deletions(flows: readonly Flow[], family: 'ipv4' | 'ipv6'): string[][] {
  const found = new Map<string, string[]>()
  for (const { destination, destinationPort, answers } of flows) {
    const port = `${destinationPort}`
    const args = [
      '-D',
      '-f',
      family,
      '-p',
      'udp',
      '-d',
      destination,
      '--dport',
      port,
      '-r',
      answers,
    ]
    found.set(args.join(' '), args)
  }
  return [...found.values()]
}

/** Of each direction: the source, the destination and its port. */
const tuple = /src=(\S+) dst=(\S+) sport=\d+ dport=(\d+)/g

/** `udp 17 29 src=… dst=… sport=… dport=… [UNREPLIED] src=… dst=… sport=… dport=… use=1` */
function parseFlow(line: string): Flow | undefined {
  if (!line.startsWith('udp ')) return undefined
  const [original, reply] = line.matchAll(tuple)
  if (original === undefined || reply === undefined) return undefined
  const [, , destination = '', destinationPort] = original
  return {
    destination: canonical(destination),
    destinationPort: Number(destinationPort),
    answers: canonical(reply[1] ?? ''),
  }
}

function canonical(text: string): string {
  const address = parseIp(text)
  return address === undefined ? text : formatIp(address)
}
