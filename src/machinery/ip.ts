import { quote } from './quote.ts'

/** An address as its 4 or 16 bytes; an IPv4-mapped IPv6 address keeps its 16. */
export type IpBytes = readonly number[]

export interface Cidr {
  readonly address: IpBytes
  readonly prefixLength: number
}

/** Undefined when it is no address. Leading zeros in IPv4 numbers are refused unless `sloppy`. */
export function parseIp(text: string, sloppy = false): IpBytes | undefined {
  return text.includes(':') ? parseIpv6(text, sloppy) : parseIpv4(text, sloppy)
}

/** Undefined when it is no prefix. Bits beyond the prefix are allowed. */
export function parseCidr(text: string, sloppy = false): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash === -1) return undefined
  const address = parseIp(text.slice(0, slash), sloppy)
  const digits = text.slice(slash + 1)
  if (address === undefined || !/^[0-9]+$/.test(digits)) return undefined
  if (!sloppy && digits.length > 1 && digits.startsWith('0')) return undefined
  const prefixLength = Number(digits)
  return prefixLength <= address.length * 8 ? { address, prefixLength } : undefined
}

/** RFC 5952 for IPv6; an IPv4-mapped address prints as its IPv4 address, as in Go. */
export function formatIp(address: IpBytes): string {
  const bytes = isMapped(address) ? address.slice(12) : address
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => group(bytes, i))
  const { start, length } = longestZeros(groups)
  const show = (part: readonly number[]) => part.map((value) => value.toString(16)).join(':')
  if (length < 2) return show(groups)
  return `${show(groups.slice(0, start))}::${show(groups.slice(start + length))}`
}

/** The address with every bit beyond the prefix cleared. */
export function maskIp({ address, prefixLength }: Cidr): IpBytes {
  return address.map((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefixLength - i * 8))
    return byte & (0xff00 >> bits) & 0xff
  })
}

/** Whether some address is in both. Never across IP families. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  const prefixLength = Math.min(a.prefixLength, b.prefixLength)
  const trunk = ({ address }: Cidr) => maskIp({ address, prefixLength }).join('.')
  return a.address.length === b.address.length && trunk(a) === trunk(b)
}

/** The address that is `offset` beyond the prefix itself; undefined where it is not within it. */
export function addressAt(cidr: Cidr, offset: number): string | undefined {
  const address = [...maskIp(cidr)]
  let carry = offset
  for (let i = address.length - 1; i >= 0 && carry > 0; i--) {
    const sum = (address[i] ?? 0) + carry
    address[i] = sum & 0xff
    carry = Math.floor(sum / 256)
  }
  const inside = carry === 0 && cidrsOverlap({ ...cidr, address }, cidr)
  return inside ? formatIp(address) : undefined
}

/** The lowest address of a prefix that is not the prefix itself: 10.43.0.1 of 10.43.0.0/16. */
export function firstAddress(cidr: Cidr): string {
  const address = [...maskIp(cidr)]
  address[address.length - 1] = (address.at(-1) ?? 0) | 1
  return formatIp(address)
}

export function isIpv4(address: IpBytes): boolean {
  return address.length === 4 || isMapped(address)
}

const notAnIp = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const notACidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** For fields newer than v1.33: strict, and in canonical form. */
export function isValidIP(value: string): readonly string[] {
  const problems = isValidIPForLegacyField(value)
  return problems.length > 0 ? problems : canonical(value, formatIp(parseIp(value) ?? []))
}

/** For older fields: unambiguous, but not necessarily canonical. */
export function isValidIPForLegacyField(value: string): readonly string[] {
  const address = parseIp(value, true)
  if (address === undefined) return [notAnIp]
  if (parseIp(value) === undefined) return ['must not have leading 0s']
  return isMapped(address) ? ['must not be an IPv4-mapped IPv6 address'] : []
}

/** For fields newer than v1.33: strict, and in canonical form. */
export function isValidCIDR(value: string): readonly string[] {
  const problems = isValidCIDRForLegacyField(value)
  const cidr = parseCidr(value)
  if (problems.length > 0 || cidr === undefined) return problems
  return canonical(value, `${formatIp(cidr.address)}/${cidr.prefixLength}`)
}

/** For older fields: unambiguous, but not necessarily canonical. */
export function isValidCIDRForLegacyField(value: string): readonly string[] {
  const cidr = parseCidr(value, true)
  if (cidr === undefined) return [notACidr]
  const { address, prefixLength } = cidr
  const problems: string[] = []
  if (parseIp(value.slice(0, value.indexOf('/'))) === undefined) {
    problems.push('must not have leading 0s in IP')
  } else if (isMapped(address)) {
    problems.push('must not have an IPv4-mapped IPv6 address')
  }
  if (!value.endsWith(`/${prefixLength}`)) {
    problems.push('must not have leading 0s in prefix length')
  }
  if (formatIp(maskIp(cidr)) !== formatIp(address)) {
    problems.push('must not have bits set beyond the prefix length')
  }
  return problems.slice(0, 1)
}

function canonical(value: string, form: string): readonly string[] {
  return value === form ? [] : [`must be in canonical form (${quote(form)})`]
}

function parseIpv4(text: string, sloppy: boolean): IpBytes | undefined {
  const pattern = sloppy ? /^0*[0-9]{1,3}$/ : /^(?:0|[1-9][0-9]{0,2})$/
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => pattern.test(part))) return undefined
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : undefined
}

function parseIpv6(text: string, sloppy: boolean): IpBytes | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = '', tail] = halves
  const before = parseGroups(head, tail === undefined, sloppy)
  const after = tail === undefined ? [] : parseGroups(tail, true, sloppy)
  if (before === undefined || after === undefined) return undefined
  const missing = 16 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined
  return [...before, ...Array.from({ length: missing }, () => 0), ...after]
}

/** The bytes of groups between colons; the last may be an IPv4 address where the text ends. */
function parseGroups(text: string, last: boolean, sloppy: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [i, part] of groups.entries()) {
    if (part.includes('.') && last && i === groups.length - 1) {
      const ipv4 = parseIpv4(part, sloppy)
      if (ipv4 === undefined) return undefined
      bytes.push(...ipv4)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      const value = Number.parseInt(part, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes.length <= 16 ? bytes : undefined
}

function isMapped(address: IpBytes): boolean {
  return address.length === 16 && address.every((byte, i) => i > 11 || byte === (i < 10 ? 0 : 0xff))
}

function group(bytes: IpBytes, index: number): number {
  return ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [i, value] of groups.entries()) {
    length = value === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i - length + 1, length }
  }
  return best
}
