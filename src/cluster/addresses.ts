import { networkInterfaces } from 'node:os'
import { addressAt, firstAddress, parseCidr, parseIp } from '#machinery'
import { ClusterError } from './error.ts'

/** The first usable address of a Service range: the `kubernetes` Service's. */
export function firstServiceIp(prefix: string): string {
  const cidr = parseCidr(prefix)
  if (cidr === undefined) throw new ClusterError(`service range ${prefix} is no IP prefix`)
  return firstAddress(cidr)
}

/** Whether it stands for all addresses of its family. */
export function isEverywhere(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** Where each node answers DNS: the tenth address of the primary Service range. */
export function dnsServiceIp(prefix: string): string {
  const cidr = parseCidr(prefix)
  if (cidr === undefined) throw new ClusterError(`service range ${prefix} is no IP prefix`)
  const address = addressAt(cidr, 10)
  if (address !== undefined) return address
  throw new ClusterError(`service range ${prefix} has no tenth address: use a larger one`)
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** What to listen on to serve on all of these: an address that another one includes is left out. */
export function listenAddresses(addresses: readonly string[]): readonly string[] {
  // Node listens on both families when it is asked for '::'.
  if (addresses.includes('::')) return ['::']
  if (!addresses.includes('0.0.0.0')) return addresses
  return addresses.filter((address) => address === '0.0.0.0' || address.includes(':'))
}

/** How this machine itself reaches a server bound to these: by loopback where that is among them. */
export function localAddress(addresses: readonly string[]): string {
  const reached = addresses.map((address) => {
    if (address === '0.0.0.0') return '127.0.0.1'
    return address === '::' ? '::1' : address
  })
  return reached.find(isLoopback) ?? reached[0] ?? '127.0.0.1'
}

/**
 * Where others reach a server bound to these, the first way there is; undefined when they cannot. Of
 * a server bound everywhere, it is the first address of the machine's that is not its own loopback.
 */
export function advertisedAddress(addresses: readonly string[]): string | undefined {
  for (const address of addresses) {
    if (isLoopback(address)) continue
    const reached = isEverywhere(address) ? machineAddress(address === '::') : address
    if (reached !== undefined) return reached
  }
  return undefined
}

function machineAddress(ofEitherFamily: boolean): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const family = ofEitherFamily ? /^IPv/ : /^IPv4$/
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
