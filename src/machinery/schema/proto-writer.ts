/**
 * Writes the protobuf wire format into one growing buffer. Nested messages are written in place:
 * their length is known when they end, so their bytes are moved by the length's size.
 */
export class ProtoWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** A copy of what has been written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** bool, int32, int64, uint64 and enums; negative numbers take ten bytes. */
  varint(field: number, value: number | bigint): void {
    this.#varint(field * 8)
    this.#varint(value)
  }

  double(field: number, value: number): void {
    this.#varint(field * 8 + 1)
    this.#reserve(8)
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true)
    this.#length += 8
  }

  string(field: number, text: string): void {
    this.#varint(field * 8 + 2)
    const short = text.length < 43
    const start = this.#length
    // At most three bytes of UTF-8 for each unit of the text.
    this.#reserve(text.length * 3 + 5)
    const room = this.#bytes.subarray(start + (short ? 1 : 0))
    if (short) {
      const { written } = encoder.encodeInto(text, room)
      this.#bytes[start] = written
      this.#length = start + 1 + written
    } else {
      const bytes = Buffer.byteLength(text)
      this.#varint(bytes)
      encoder.encodeInto(text, this.#bytes.subarray(this.#length))
      this.#length += bytes
    }
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + 2)
    this.#varint(bytes.length)
    this.raw(bytes)
  }

  /** Bytes as they are, without a tag. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  message(field: number, write: (writer: ProtoWriter) => void): void {
    this.#varint(field * 8 + 2)
    const start = this.#length
    this.#reserve(1)
    this.#length = start + 1
    write(this)
    const size = this.#length - start - 1
    const extra = varintSize(size) - 1
    if (extra > 0) {
      this.#reserve(extra)
      this.#bytes.copyWithin(start + 1 + extra, start + 1, this.#length)
    }
    this.#length = start
    this.#varint(size)
    this.#length += size
  }

  #varint(value: number | bigint): void {
    this.#reserve(10)
    if (typeof value === 'bigint' || value < 0 || value > 0x7fff_ffff) {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 0x7fn; rest >>= 7n) {
        this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      }
      this.#bytes[this.#length++] = Number(rest)
      return
    }
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
    this.#bytes[this.#length++] = rest
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

const encoder = new TextEncoder()

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++
  return size
}
