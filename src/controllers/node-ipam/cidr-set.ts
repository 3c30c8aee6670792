import { assert } from '#base'
import { formatIp, maskIp, parseCidr, type Cidr, type IpBytes } from '#machinery'

/** More bits than this between the cluster's prefix and a node's are upstream's limit, too. */
const subnetBitsMax = 16

/** The parts of a prefix that nodes get, all of one size, and which are in use by how many. */
export class CidrSet {
  readonly prefix: Cidr
  readonly #nodePrefixLength: number
  readonly #used = new Map<number, number>()
  /** Where the next search begins: what was released is not used again at once. */
  #next = 0

  /** Throws a TypeError for a prefix that cannot be divided so. */
  constructor(clusterCidr: string, nodePrefixLength: number) {
    const cidr = parseCidr(clusterCidr)
    if (cidr === undefined) throw new TypeError(`${clusterCidr} is no prefix of addresses`)
    this.prefix = { address: maskIp(cidr), prefixLength: cidr.prefixLength }
    this.#nodePrefixLength = nodePrefixLength
    const bits = nodePrefixLength - cidr.prefixLength
    if (bits < 0 || nodePrefixLength > cidr.address.length * 8) {
      throw new TypeError(`${clusterCidr} has no parts of prefix length ${nodePrefixLength}`)
    }
    if (bits > subnetBitsMax) {
      throw new TypeError(
        `${clusterCidr} has too many parts of prefix length ${nodePrefixLength}: at most 2^${subnetBitsMax}`,
      )
    }
  }

  get size(): number {
    return 2 ** (this.#nodePrefixLength - this.prefix.prefixLength)
  }

  /** A part nobody has, now taken; undefined where all are. */
  allocate(): string | undefined {
    for (let i = 0; i < this.size; i++) {
      const index = (this.#next + i) % this.size
      if (this.#used.has(index)) continue
      this.#used.set(index, 1)
      this.#next = (index + 1) % this.size
      return this.#format(index)
    }
    return undefined
  }

  /** Takes all parts that overlap; false where none does. May be taken more than once. */
  occupy(cidr: string): boolean {
    const range = this.#range(cidr)
    if (range === undefined) return false
    for (let i = range.first; i <= range.last; i++) this.#used.set(i, (this.#used.get(i) ?? 0) + 1)
    return true
  }

  /** Undoes one `occupy` or `allocate`. */
  release(cidr: string): void {
    const range = this.#range(cidr)
    if (range === undefined) return
    for (let i = range.first; i <= range.last; i++) {
      const count = this.#used.get(i) ?? 0
      assert(count > 0, 'what is released was taken')
      if (count === 1) this.#used.delete(i)
      else this.#used.set(i, count - 1)
    }
  }

  #range(text: string): { readonly first: number; readonly last: number } | undefined {
    const cidr = parseCidr(text)
    const { address, prefixLength } = this.prefix
    if (cidr === undefined || cidr.address.length !== address.length) return undefined
    const shared = Math.min(cidr.prefixLength, prefixLength)
    const trunk = (of: IpBytes) => maskIp({ address: of, prefixLength: shared }).join('.')
    if (trunk(cidr.address) !== trunk(address)) return undefined
    if (cidr.prefixLength <= prefixLength) return { first: 0, last: this.size - 1 }
    const first = this.#index(maskIp(cidr))
    const extra = Math.max(0, this.#nodePrefixLength - cidr.prefixLength)
    return { first, last: first + 2 ** extra - 1 }
  }

  /** The bits between the two prefix lengths, as a number. */
  #index(address: IpBytes): number {
    let index = 0
    for (let bit = this.prefix.prefixLength; bit < this.#nodePrefixLength; bit++) {
      index = index * 2 + (((address[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
    }
    return index
  }

  #format(index: number): string {
    const address = [...this.prefix.address]
    let left = index
    for (let bit = this.#nodePrefixLength - 1; bit >= this.prefix.prefixLength; bit--) {
      if (left % 2 === 1) address[bit >> 3] = (address[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
      left = Math.floor(left / 2)
    }
    return `${formatIp(address)}/${this.#nodePrefixLength}`
  }
}
