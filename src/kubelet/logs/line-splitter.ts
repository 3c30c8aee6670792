const newline = 0x0a

/** Cuts a stream of bytes into lines, keeping what is no whole line yet. */
export class LineSplitter {
  readonly #bytesMax: number
  #rest: Buffer[] = []
  #restBytes = 0
  /** The line is too long: what is left of it is dropped, as all of it was. */
  #dropping = false

  /** Lines longer than `bytesMax` are left out. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The lines that are whole with these bytes, without their ends. They share the bytes' memory. */
  *push(bytes: Buffer): Generator<Buffer, void> {
    let from = 0
    for (;;) {
      const end = bytes.indexOf(newline, from)
      if (end === -1) break
      const line = this.#whole(bytes.subarray(from, end))
      if (line !== undefined) yield line
      from = end + 1
    }
    this.#keep(bytes.subarray(from))
  }

  #whole(last: Buffer): Buffer | undefined {
    const tooLong = this.#dropping || this.#restBytes + last.length > this.#bytesMax
    const line = this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last])
    this.#rest = []
    this.#restBytes = 0
    this.#dropping = false
    return tooLong ? undefined : line
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0 || this.#dropping) return
    this.#rest.push(bytes)
    this.#restBytes += bytes.length
    if (this.#restBytes <= this.#bytesMax) return
    this.#rest = []
    this.#restBytes = 0
    this.#dropping = true
  }
}
