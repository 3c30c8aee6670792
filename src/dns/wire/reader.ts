import { DnsError } from '../error.ts'
import type { Name } from './name.ts'

const nameBytesMax = 255

/** Reads a message from its start. Throws a DnsError, Malformed, for whatever breaks the format. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  skip(count: number): void {
    if (this.#at + count > this.#bytes.length) throw malformed('it ends too early')
    this.#at += count
  }

  uint8(): number {
    this.skip(1)
    return this.#bytes[this.#at - 1] ?? 0
  }

  uint16(): number {
    return this.uint8() * 0x100 + this.uint8()
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16()
  }

  /** A copy, which does not hold on to the message. */
  bytes(count: number): Uint8Array {
    this.skip(count)
    return this.#bytes.slice(this.#at - count, this.#at)
  }

  /**
   * Follows pointers, each of which must lead to before where it was found: so the work is bounded
   * by the length of a name.
   */
  name(): Name {
    const labels: string[] = []
    let at = this.#at
    let end: number | undefined
    let limit = at
    let total = 1
    for (;;) {
      const length = this.#byteAt(at)
      if (length === 0) break
      if (length >= 0xc0) {
        const target = (length & 0x3f) * 0x100 + this.#byteAt(at + 1)
        end ??= at + 2
        if (target >= limit) throw malformed('a name points forward')
        at = limit = target
        continue
      }
      if (length >= 0x40) throw malformed('a label is of an unknown sort')
      total += length + 1
      if (total > nameBytesMax) throw malformed('a name is longer than 255 bytes')
      labels.push(this.#text(at + 1, length))
      at += length + 1
    }
    this.#at = end ?? at + 1
    return labels
  }

  /** Goes beyond a name without looking where it points. */
  skipName(): void {
    for (;;) {
      const length = this.uint8()
      if (length === 0) return
      if (length >= 0xc0) return this.skip(1)
      if (length >= 0x40) throw malformed('a label is of an unknown sort')
      this.skip(length)
    }
  }

  #text(from: number, length: number): string {
    if (from + length > this.#bytes.length) throw malformed('it ends within a name')
    let text = ''
    for (let i = from; i < from + length; i++) text += String.fromCharCode(this.#bytes[i] ?? 0)
    return text
  }

  #byteAt(at: number): number {
    const byte = this.#bytes[at]
    if (byte === undefined) throw malformed('it ends within a name')
    return byte
  }
}

export function malformed(why: string): DnsError {
  return new DnsError('Malformed', `malformed DNS message: ${why}`)
}
