import { maskIp, parseCidr, type Cidr } from '#machinery'
import { DnsError } from '../error.ts'
import { nameKey, nameOf, type Name } from '../wire/name.ts'

/** A part of the tree of names that is answered from the cluster alone. */
export interface Zone {
  readonly is: 'domain' | 'reverse'
  readonly name: Name
}

export interface Zones {
  readonly domain: Name
  /** The zone that the name is in, if it is one of these. */
  of(name: Name): Zone | undefined
}

/** The cluster's domain, and the reverse zones of its address ranges. Throws a DnsError. */
export function zonesOf(domain: string, cidrs: readonly string[]): Zones {
  const pattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*\.?$/
  if (!pattern.test(domain)) {
    throw new DnsError('InvalidOptions', `domain: ${domain} is not a domain such as cluster.local`)
  }
  const zones = new Map<string, Zone>()
  const name = nameOf(domain)
  zones.set(nameKey(name), { is: 'domain', name })
  for (const text of cidrs) {
    const cidr = parseCidr(text)
    if (cidr === undefined) {
      const message = `serviceCidrs, podCidrs: ${text} is not a range such as 10.43.0.0/16`
      throw new DnsError('InvalidOptions', message)
    }
    for (const reverse of reverseZones(cidr)) {
      zones.set(nameKey(reverse), { is: 'reverse', name: reverse })
    }
  }
  const longest = Math.max(...[...zones.values()].map((zone) => zone.name.length))
  return {
    domain: name,
    of(asked) {
      for (let length = Math.min(longest, asked.length); length > 0; length--) {
        const zone = zones.get(nameKey(asked.slice(asked.length - length)))
        if (zone !== undefined) return zone
      }
      return undefined
    },
  }
}

/** A range that ends within a label takes as many zones as that label has values in it. */
function reverseZones(cidr: Cidr): Name[] {
  const isIpv4 = cidr.address.length === 4
  const bits = isIpv4 ? 8 : 4
  const digits = isIpv4 ? [...maskIp(cidr)] : nibbles(maskIp(cidr))
  const length = Math.ceil(cidr.prefixLength / bits)
  const fixed = digits.slice(0, length)
  const last = fixed.pop()
  const suffix = isIpv4 ? ['in-addr', 'arpa'] : ['ip6', 'arpa']
  if (last === undefined) return [suffix]
  const values = 2 ** (length * bits - cidr.prefixLength)
  const radix = isIpv4 ? 10 : 16
  return Array.from({ length: values }, (_, i) =>
    [...fixed, last + i]
      .reverse()
      .map((digit) => digit.toString(radix))
      .concat(suffix),
  )
}

/**
 * What a name in a reverse zone stands for: an address of four or sixteen bytes; `part` where
 * names of addresses are below it; nothing.
 */
export function reverseAddress(name: Name): readonly number[] | 'part' | undefined {
  const isIpv4 = name.at(-2)?.toLowerCase() === 'in-addr'
  const labels = name.slice(0, -2).reverse()
  const pattern = isIpv4 ? /^(0|[1-9][0-9]{0,2})$/ : /^[0-9a-fA-F]$/
  const full = isIpv4 ? 4 : 32
  if (labels.length > full || !labels.every((label) => pattern.test(label))) return undefined
  const digits = labels.map((label) => Number.parseInt(label, isIpv4 ? 10 : 16))
  if (digits.some((digit) => digit > 255)) return undefined
  if (digits.length < full) return 'part'
  return isIpv4
    ? digits
    : Array.from({ length: 16 }, (_, i) => (digits[2 * i] ?? 0) * 16 + (digits[2 * i + 1] ?? 0))
}

function nibbles(bytes: readonly number[]): number[] {
  return bytes.flatMap((byte) => [byte >> 4, byte & 0xf])
}
