import { createHash } from 'node:crypto'
import type { ProxyEndpoint } from '../endpoints.ts'
import type { ServicePort } from '../service-ports.ts'

/** nftables' limit is 255 with what stands in front; the hash tells names apart that are cut off. */
const lengthMax = 240

/** The names of what belongs to one port of a Service, as upstream composes them. */
export interface PortNames {
  /** By traffic policy Cluster. */
  readonly service: string
  /** By traffic policy Local. */
  readonly local: string
  /** Where packets from outside the cluster come in. */
  readonly external: string
  /** Who may come to the load balancer's addresses. */
  readonly firewall: string
  endpoint(endpoint: ProxyEndpoint): string
  /** The set of clients that stay with this endpoint. */
  affinity(endpoint: ProxyEndpoint): string
}

export const affinityPrefix = 'affinity-'

export function portNames({ service, portName, protocol }: ServicePort): PortNames {
  const port = `${service}/${protocol.toLowerCase()}/${portName}`
  const name = hashed(port)
  const ofEndpoint = ({ ip, port: number }: ProxyEndpoint) =>
    // A colon cannot stand in a name.
    hashed(`${port}__${ip.replaceAll(':', '.')}/${number}`)
  return {
    service: `service-${name}`,
    local: `local-${name}`,
    external: `external-${name}`,
    firewall: `firewall-${name}`,
    endpoint: (endpoint) => `endpoint-${ofEndpoint(endpoint)}`,
    affinity: (endpoint) => `${affinityPrefix}${ofEndpoint(endpoint)}`,
  }
}

function hashed(name: string): string {
  const digest = createHash('sha256').update(name).digest()
  const whole = `${base32(digest.subarray(0, 5))}-${name}`
  return whole.length <= lengthMax ? whole : `${whole.slice(0, lengthMax - 3)}...`
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 of five bytes: eight letters. */
function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(value >> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return text
}
