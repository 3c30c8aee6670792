/** A message as it goes over TCP: behind two bytes that say its length. */
export function framed(message: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 0xff), message])
}

/** Takes messages out of a stream of bytes, of which it keeps at most one message. */
export class Framing {
  #rest: Buffer = Buffer.alloc(0)

  /** The messages that are complete with this chunk. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    let bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk])
    while (bytes.length >= 2) {
      const end = 2 + bytes.readUInt16BE(0)
      if (bytes.length < end) break
      messages.push(bytes.subarray(2, end))
      bytes = bytes.subarray(end)
    }
    this.#rest = Buffer.from(bytes)
    return messages
  }
}
