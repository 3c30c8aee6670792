import { formatIp, maskIp, parseCidr } from '#machinery'

/** Addresses of simulated pods: from their node's range where it has one, the lowest free first. */
export class PodAddresses {
  readonly #byPod = new Map<string, string>()
  readonly #taken = new Set<string>()

  /** The pod's address; the one it has already is kept. */
  of(
    uid: string,
    present: string | undefined,
    range: string | undefined,
    nodeIndex: number,
  ): string {
    const known = this.#byPod.get(uid)
    if (known !== undefined) return known
    const address = present ?? this.#free(range ?? fallbackRange(nodeIndex))
    this.#byPod.set(uid, address)
    this.#taken.add(address)
    return address
  }

  release(uid: string): void {
    const address = this.#byPod.get(uid)
    if (address === undefined) return
    this.#byPod.delete(uid)
    this.#taken.delete(address)
  }

  #free(range: string): string {
    const cidr = parseCidr(range)
    if (cidr === undefined) return '0.0.0.0'
    const base = [...maskIp(cidr)]
    const hostBits = base.length * 8 - cidr.prefixLength
    const size = 2 ** Math.min(hostBits, 16)
    // The first address is the range's own, the second the node's bridge.
    for (let offset = 2; offset < size - 1; offset++) {
      const address = formatIp(plus(base, offset))
      if (!this.#taken.has(address)) return address
    }
    return formatIp(plus(base, size - 2))
  }
}

function plus(base: readonly number[], offset: number): number[] {
  const bytes = [...base]
  for (let at = bytes.length - 1, carry = offset; at >= 0 && carry > 0; at--) {
    carry += bytes[at] ?? 0
    bytes[at] = carry & 0xff
    carry >>= 8
  }
  return bytes
}

/** A /24 of its own in 10.128.0.0/9 for a node that was given no range. */
function fallbackRange(nodeIndex: number): string {
  return `10.${128 + ((nodeIndex >> 8) & 0x7f)}.${nodeIndex & 0xff}.0/24`
}
