import { networkInterfaces } from 'node:os'
import { firstAddress, formatIp, maskIp, parseCidr, parseIp } from '#machinery'
import { ClusterError } from './error.ts'

/** The first usable address of a Service range: the `kubernetes` Service's. */
export function firstServiceIp(prefix: string): string {
  const cidr = parseCidr(prefix)
  if (cidr === undefined) throw new ClusterError(`service range ${prefix} is no IP prefix`)
  return firstAddress(cidr)
}

/** Where each node answers DNS: the tenth address of the primary Service range. */
export function dnsServiceIp(prefix: string): string {
  const cidr = parseCidr(prefix)
  if (cidr === undefined) throw new ClusterError(`service range ${prefix} is no IP prefix`)
  if (cidr.address.length * 8 - cidr.prefixLength < 4) {
    throw new ClusterError(`service range ${prefix} has no tenth address: use a larger one`)
  }
  const address = [...maskIp(cidr)]
  address[address.length - 1] = (address.at(-1) ?? 0) + 10
  return formatIp(address)
}

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** How this machine itself reaches a server bound to `address`. */
export function localAddress(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

/**
 * Where others reach a server bound to `address`; undefined when they cannot. Of a server bound
 * everywhere, it is the first address of the machine's that is not its own loopback.
 */
export function advertisedAddress(address: string): string | undefined {
  if (isLoopback(address)) return undefined
  if (!everywhere.has(address)) return address
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const family = address === '::' ? /^IPv/ : /^IPv4$/
  return all.find((each) => !each.internal && family.test(each.family) && isGlobal(each.address))
    ?.address
}

function isGlobal(address: string): boolean {
  return !address.startsWith('fe80:') && !address.startsWith('169.254.')
}

export function urlOf(address: string, port: number): string {
  const ip = parseIp(address)
  return ip !== undefined && ip.length === 16 && address.includes(':')
    ? `https://[${address}]:${port}`
    : `https://${address}:${port}`
}
