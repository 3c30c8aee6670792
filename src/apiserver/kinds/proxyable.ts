import { isIpv4, parseIp } from '#machinery'

/**
 * Whether the server may be sent there by what stands in the API: not to itself (loopback), not to
 * its link's neighbours, such as a cloud's metadata service, and not to groups.
 */
export function isProxyable(address: string): boolean {
  const ip = parseIp(address)
  if (ip === undefined) return false
  if (isIpv4(ip)) {
    const [a = 0, b = 0, c = 0, d = 0] = ip.slice(-4)
    const broadcast = a === 255 && b === 255 && c === 255 && d === 255
    const unspecified = a === 0 && b === 0 && c === 0 && d === 0
    return (
      a !== 127 && !(a === 169 && b === 254) && (a & 0xf0) !== 0xe0 && !broadcast && !unspecified
    )
  }
  const low = ip.slice(0, 15).every((byte) => byte === 0) && (ip[15] ?? 0) <= 1
  const [a = 0, b = 0] = ip
  const linkLocal = a === 0xfe && (b & 0xc0) === 0x80
  return !low && !linkLocal && a !== 0xff
}
