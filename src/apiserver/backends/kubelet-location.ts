import type { Node } from '#api'
import { unexplained } from './unexplained.ts'

/** Where a kubelet's server is. */
export interface KubeletLocation {
  readonly host: string
  readonly port: number
}

/**
 * The kinds of a node's addresses in the order they are tried, as upstream's
 * --kubelet-preferred-address-types has them: numbers first, which need nobody to resolve them.
 */
export const preferredAddressTypes: readonly string[] = [
  'InternalIP',
  'ExternalIP',
  'InternalDNS',
  'Hostname',
  'ExternalDNS',
]

const kubeletPort = 10250

/** Reads it from the node's status. Throws in upstream's words when that names no address. */
export function kubeletLocation({ status }: Node): KubeletLocation {
  const addresses = status.addresses ?? []
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  for (const type of preferredAddressTypes) {
    const found = addresses.find((each) => each.type === type && each.address !== '')
    if (found !== undefined) return { host: found.address, port: port > 0 ? port : kubeletPort }
  }
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`)
  throw unexplained(`no preferred addresses found; known addresses: [${known.join(' ')}]`)
}
