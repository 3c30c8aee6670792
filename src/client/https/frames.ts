import { ConnectionError } from '../error.ts'
import { frameBytesMax } from '../limits.ts'

const newline = 0x0a

/** Cuts a watch stream into its frames: JSON values, each ended by a newline. */
export class FrameReader {
  #parts: Uint8Array[] = []
  #length = 0

  /** The frames that `bytes` completes. Throws `Malformed` for one without end. */
  take(bytes: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let start = 0
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, start)) {
      const frame = this.#whole(bytes.subarray(start, at))
      start = at + 1
      if (frame.byteLength > 0) frames.push(frame)
    }
    const rest = bytes.subarray(start)
    if (rest.byteLength === 0) return frames
    this.#length += rest.byteLength
    if (this.#length > frameBytesMax) {
      throw new ConnectionError('Malformed', `a watch event is longer than ${frameBytesMax} bytes`)
    }
    this.#parts.push(rest)
    return frames
  }

  #whole(end: Uint8Array): Uint8Array {
    if (this.#parts.length === 0) return end
    const frame = Buffer.concat([...this.#parts, end])
    this.#parts = []
    this.#length = 0
    return frame
  }
}
