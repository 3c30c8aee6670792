import {
  field,
  isIpv4,
  isValidIPForLegacyField,
  parseIp,
  type FieldError,
  type FieldPath,
  type IpBytes,
} from '#machinery'

/** An address that a Service may send connections to. */
export function validateEndpointIP(path: FieldPath, text: string): readonly FieldError[] {
  const address = parseIp(text)
  if (address === undefined) return [field.invalid(path, text, 'must be a valid IP address')]
  const kind = specialKinds.find(({ holds }) => holds(plain(address)))
  return kind === undefined ? [] : [field.invalid(path, text, kind.why)]
}

/** Well formed; and not checked again where it was there before. */
export function validateLegacyIP(
  path: FieldPath,
  text: string,
  known: ReadonlySet<string>,
): readonly FieldError[] {
  if (known.has(text)) return []
  return isValidIPForLegacyField(text).map((why) => field.invalid(path, text, why))
}

export function isIPFamily(text: string, family: 'IPv4' | 'IPv6'): boolean {
  const address = parseIp(text, true)
  return address !== undefined && isIpv4(address) === (family === 'IPv4')
}

/**
 * Addresses that mean the node itself, or nobody: they make no sense as endpoints, and could be
 * used to reach what only the node may reach.
 */
const specialKinds: readonly { why: string; holds: (address: IpBytes) => boolean }[] = [
  {
    why: 'may not be unspecified (0.0.0.0 or ::)',
    holds: (address) => address.every((byte) => byte === 0),
  },
  {
    why: 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
    holds: (address) =>
      address.length === 4
        ? address[0] === 127
        : address[15] === 1 && address.slice(0, 15).every((byte) => byte === 0),
  },
  {
    why: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    holds: ([first = 0, second = 0, ...rest]) =>
      rest.length === 2
        ? first === 169 && second === 254
        : first === 0xfe && (second & 0xc0) === 0x80,
  },
  {
    why: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
    holds: ([first = 0, second = 0, third = 0, ...rest]) =>
      rest.length === 1
        ? first === 224 && second === 0 && third === 0
        : first === 0xff && (second & 0x0f) === 2,
  },
]

/** An IPv4-mapped address means its IPv4 address. */
function plain(address: IpBytes): IpBytes {
  return isIpv4(address) ? address.slice(-4) : address
}
