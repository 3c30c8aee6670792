import { asError } from '#base'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { StreamHeaders } from '../byte-pipe.ts'
import { protocolError, StreamingError } from '../error.ts'
import { limits } from '../limits.ts'
import { dictionary } from './dictionary.ts'

/**
 * All header blocks of one direction are one zlib stream, flushed to a byte boundary after each
 * block. So each block is a raw deflate stream of its own whose dictionary is what came before it
 * (the last 32 KiB of it); that keeps the work synchronous and bounds what a block may grow to.
 */
const windowBytes = 32 * 1024

/** zlib's header: deflate, 32 KiB, a dictionary, and that dictionary's Adler-32. */
const zlibHeader = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])
const flushMarker = Buffer.from([0x00, 0x00, 0xff, 0xff])
const finishFlush = constants.Z_SYNC_FLUSH

export class HeaderCompressor {
  #window: Buffer = dictionary
  #started = false

  compress(headers: StreamHeaders): Buffer {
    const plain = encodeHeaders(headers)
    const block = deflateRawSync(plain, { dictionary: this.#window, finishFlush })
    this.#window = slide(this.#window, plain)
    if (this.#started) return block
    this.#started = true
    return Buffer.concat([zlibHeader, block])
  }
}

export class HeaderDecompressor {
  #window: Buffer = dictionary
  #started = false

  /** Throws StreamingError; the connection cannot go on then, for the state of both is lost. */
  decompress(block: Uint8Array): StreamHeaders {
    const plain = this.#inflate(this.#started ? block : this.#withoutHeader(block))
    this.#window = slide(this.#window, plain)
    return decodeHeaders(plain)
  }

  #withoutHeader(block: Uint8Array): Uint8Array {
    const [method = 0, flags = 0] = block
    if ((method & 0x0f) !== 8 || ((method << 8) | flags) % 31 !== 0) {
      throw protocolError('headers are not compressed by zlib')
    }
    if (!zlibHeader.subarray(2).equals(block.subarray(2, 6)) || (flags & 0x20) === 0) {
      throw protocolError('headers are compressed with another dictionary')
    }
    this.#started = true
    return block.subarray(zlibHeader.length)
  }

  #inflate(block: Uint8Array): Buffer {
    if (!flushMarker.equals(block.subarray(-flushMarker.length))) {
      throw protocolError('compressed headers are not flushed')
    }
    try {
      return inflateRawSync(block, {
        dictionary: this.#window,
        finishFlush,
        maxOutputLength: limits.headerBytesMax,
      })
    } catch (error) {
      const cause = asError(error)
      if ('code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
        throw new StreamingError('LimitExceeded', 'headers are too large', { cause })
      }
      const message = `headers cannot be decompressed: ${cause.message}`
      throw new StreamingError('ProtocolError', message, { cause })
    }
  }
}

function slide(window: Buffer, plain: Buffer): Buffer {
  return Buffer.from(Buffer.concat([window, plain]).subarray(-windowBytes))
}

function encodeHeaders(headers: StreamHeaders): Buffer {
  const entries = Object.entries(headers)
  const parts: Buffer[] = [uint32(entries.length)]
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text, 'utf8')
      parts.push(uint32(bytes.length), bytes)
    }
  }
  return Buffer.concat(parts)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A name with several values keeps the first: none of Kubernetes' headers has more. */
function decodeHeaders(plain: Buffer): StreamHeaders {
  let at = 0
  const number = (): number => {
    if (at + 4 > plain.length) throw protocolError('headers end early')
    at += 4
    return plain.readUInt32BE(at - 4)
  }
  const text = (): string => {
    const length = number()
    if (at + length > plain.length) throw protocolError('headers end early')
    at += length
    return plain.toString('utf8', at - length, at)
  }
  const count = number()
  if (count > limits.headersMax) throw new StreamingError('LimitExceeded', 'too many headers')
  const headers: Map<string, string> = new Map()
  for (let i = 0; i < count; i++) {
    const name = text()
    const value = text()
    if (name === '') throw protocolError('a header has no name')
    if (name !== name.toLowerCase()) throw protocolError('a header name is not in lower case')
    if (headers.has(name)) throw protocolError('a header comes twice')
    headers.set(name, value.split('\0')[0] ?? '')
  }
  if (at !== plain.length) throw protocolError('headers have trailing bytes')
  return Object.fromEntries(headers)
}
