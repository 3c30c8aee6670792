import type { JsonSink } from '../request.ts'

/** A document that is being put together; it grows as needed. */
export class JsonBuffer implements JsonSink {
  #buffer: Buffer
  #length = 0

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#length
  }

  text(text: string): void {
    // Three bytes a UTF-16 unit are the most that UTF-8 needs.
    this.#reserve(text.length * 3)
    this.#length += this.#buffer.write(text, this.#length)
  }

  bytes(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#reserve(end - start)
    const whole = start === 0 && end === bytes.length
    this.#buffer.set(whole ? bytes : bytes.subarray(start, end), this.#length)
    this.#length += end - start
  }

  /** What is in it: a view, good until the next write after `clear`. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.#length = 0
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + more))
    larger.set(this.view())
    this.#buffer = larger
  }
}
