import { formatIp, isIpv4, maskIp, parseCidr, parseIp, type IpBytes } from '#machinery'
import type { IpFamily } from './ip-families.ts'

/**
 * The addresses of a prefix that Services may have: without the network's own and, in IPv4, the
 * broadcast address. Pure.
 */
export interface AddressRange {
  readonly cidr: string
  readonly family: IpFamily
  readonly first: bigint
  /** How many there are. */
  readonly size: bigint
  /** The first so many are left to those who choose addresses themselves (KEP-3070). */
  readonly reserved: bigint
}

export function addressRange(cidr: string): AddressRange | undefined {
  const parsed = parseCidr(cidr)
  if (parsed === undefined) return undefined
  const ipv4 = isIpv4(parsed.address)
  const total = 1n << BigInt(parsed.address.length * 8 - parsed.prefixLength)
  const size = total - (ipv4 ? 2n : 1n)
  if (size <= 0n) return undefined
  return {
    cidr,
    family: ipv4 ? 'IPv4' : 'IPv6',
    first: toNumber(maskIp(parsed)) + 1n,
    size,
    reserved: reservedOf(size),
  }
}

/** The address at a place in the range, from 0. */
export function addressIn(range: AddressRange, at: bigint): string {
  return formatIp(toBytes(range.first + at, range.family === 'IPv4' ? 4 : 16))
}

export function inRange(range: AddressRange, address: string): boolean {
  const bytes = parseIp(address)
  if (bytes === undefined || isIpv4(bytes) !== (range.family === 'IPv4')) return false
  const at = toNumber(bytes) - range.first
  return at >= 0n && at < range.size
}

/** A sixteenth, between 16 and 256; nothing in a range too small to share. */
function reservedOf(size: bigint): bigint {
  if (size <= 16n) return 0n
  const share = size / 16n
  return share < 16n ? 16n : share > 256n ? 256n : share
}

function toNumber(bytes: IpBytes): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function toBytes(value: bigint, length: number): IpBytes {
  return Array.from({ length }, (_, i) => Number((value >> BigInt((length - 1 - i) * 8)) & 0xffn))
}
