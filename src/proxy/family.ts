import { formatIp, isIpv4, maskIp, parseCidr, parseIp, type Cidr } from '#machinery'
import type { NftTable } from '#linux'

export type Family = 'IPv4' | 'IPv6'

/** What a family is called in nftables and conntrack. */
export interface FamilyNames {
  readonly table: NftTable
  /** The protocol of rules. */
  readonly ip: 'ip' | 'ip6'
  readonly addressType: 'ipv4_addr' | 'ipv6_addr'
  readonly conntrack: 'ipv4' | 'ipv6'
}

/** Upstream's name of the table. */
const tableName = 'kube-proxy'

export const familyNames: Readonly<Record<Family, FamilyNames>> = {
  IPv4: {
    table: { family: 'ip', name: tableName },
    ip: 'ip',
    addressType: 'ipv4_addr',
    conntrack: 'ipv4',
  },
  IPv6: {
    table: { family: 'ip6', name: tableName },
    ip: 'ip6',
    addressType: 'ipv6_addr',
    conntrack: 'ipv6',
  },
}

export const families: readonly Family[] = ['IPv4', 'IPv6']

/** Those of the family, canonical and once each; what is no address is left out. */
export function addressesOf(family: Family, texts: Iterable<string>): string[] {
  const found = new Set<string>()
  for (const text of texts) {
    const address = parseIp(text, true)
    if (address !== undefined && isIpv4(address) === (family === 'IPv4'))
      found.add(formatIp(address))
  }
  return [...found]
}

/**
 * The prefixes of the family, canonical and sorted, without those that are within another one: an
 * nftables set of intervals refuses overlaps.
 */
export function prefixesOf(family: Family, texts: Iterable<string>): string[] {
  const wanted = [...texts]
    .map((text) => parseCidr(text.trim(), true))
    .filter((cidr) => cidr !== undefined)
    .filter(({ address }) => isIpv4(address) === (family === 'IPv4'))
    .map(({ address, prefixLength }) => ({
      address: maskIp({ address, prefixLength }),
      prefixLength,
    }))
    .toSorted((a, b) => a.prefixLength - b.prefixLength)
  const kept: Cidr[] = []
  for (const cidr of wanted) {
    if (!kept.some((outer) => contains(outer, cidr.address))) kept.push(cidr)
  }
  return kept.map(({ address, prefixLength }) => `${formatIp(address)}/${prefixLength}`).toSorted()
}

/** Whether one of the prefixes has the address. */
export function prefixesContain(prefixes: readonly string[], ip: string): boolean {
  const address = parseIp(ip)
  if (address === undefined) return false
  return prefixes.some((text) => {
    const cidr = parseCidr(text)
    return cidr !== undefined && contains(cidr, address)
  })
}

function contains({ address, prefixLength }: Cidr, inner: readonly number[]): boolean {
  if (address.length !== inner.length) return false
  return (
    formatIp(maskIp({ address: inner, prefixLength })) ===
    formatIp(maskIp({ address, prefixLength }))
  )
}
