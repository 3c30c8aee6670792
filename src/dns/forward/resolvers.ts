import { isIPv6 } from 'node:net'
import { formatIp, parseIp } from '#machinery'
import { DnsError } from '../error.ts'
import type { Resolver } from './exchange.ts'

/**
 * Resolvers from texts such as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353.
 * Throws a DnsError for what is none, and for this server itself: it would ask itself forever.
 */
export function parseResolvers(
  texts: readonly string[],
  own: { readonly addresses: readonly string[]; readonly port: number },
): Resolver[] {
  return texts.map((text) => {
    const resolver = parseResolver(text)
    if (resolver === undefined) {
      const message = `forwardTo: ${text} is no resolver such as 192.0.2.1 or 192.0.2.1:53`
      throw new DnsError('InvalidOptions', message)
    }
    if (resolver.port === own.port && own.addresses.some((each) => reaches(each, resolver))) {
      const message = `forwardTo: ${text} is this server itself; name the resolvers behind it`
      throw new DnsError('InvalidOptions', message)
    }
    return resolver
  })
}

function parseResolver(text: string): Resolver | undefined {
  const whole = canonical(text)
  if (whole !== undefined) return { address: whole, port: 53 }
  // A neighbour, on the link that it names: fe80::1%eth0.
  if (text.includes('%') && isIPv6(text)) return { address: text, port: 53 }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? []
  const address = canonical(bracketed ?? plain ?? '')
  const port = Number(digits)
  return address !== undefined && port > 0 && port <= 65_535 ? { address, port } : undefined
}

/** Whether what is sent to the resolver arrives at a listener of this address. */
function reaches(listening: string, { address }: Resolver): boolean {
  const own = canonical(listening)
  const isAny = own === '0.0.0.0' || own === '::'
  return own === address || (isAny && (address.startsWith('127.') || address === '::1'))
}

function canonical(text: string): string | undefined {
  const bytes = parseIp(text)
  return bytes === undefined ? undefined : formatIp(bytes)
}
