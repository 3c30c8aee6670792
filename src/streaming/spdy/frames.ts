import { assert } from '#base'
import type { StreamHeaders } from '../byte-pipe.ts'
import { protocolError, StreamingError } from '../error.ts'
import { limits } from '../limits.ts'
import { HeaderCompressor, HeaderDecompressor } from './header-block.ts'

/** What passes over a SPDY/3.1 connection (draft-mbelshe-httpbis-spdy-00 and the 3.1 changes). */
export type SpdyFrame =
  /** A piece of a DATA frame as it came: large frames are handed on before they are complete. */
  | { type: 'data'; id: number; bytes: Uint8Array; fin: boolean }
  | { type: 'synStream'; id: number; headers: StreamHeaders; fin: boolean; unidirectional: boolean }
  | { type: 'synReply'; id: number; headers: StreamHeaders; fin: boolean }
  | { type: 'rstStream'; id: number; status: number }
  | { type: 'settings'; initialWindow: number | undefined }
  | { type: 'ping'; id: number }
  | { type: 'goAway'; lastGoodId: number; status: number }
  | { type: 'headers'; id: number; headers: StreamHeaders; fin: boolean }
  | { type: 'windowUpdate'; id: number; delta: number }

export const rstStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  flowControlError: 7,
} as const

export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const

/** Ids and window sizes have 31 bits. */
export const uint31Max = 0x7fffffff

const version = 3
const headBytes = 8
const flagFin = 1
const flagUnidirectional = 2
const settingInitialWindow = 7
const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

/** Bytes into frames. It throws StreamingError and is of no use after that. */
export class SpdyFrameReader {
  readonly #headers = new HeaderDecompressor()
  #pending: Buffer = Buffer.alloc(0)
  /** The DATA frame whose payload is coming. */
  #data: { readonly id: number; readonly fin: boolean; left: number } | undefined;

  *push(bytes: Uint8Array): Generator<SpdyFrame, void> {
    this.#pending = this.#pending.length === 0 ? asBuffer(bytes) : joined(this.#pending, bytes)
    for (;;) {
      const frame = this.#data === undefined ? this.#head() : this.#piece(this.#data)
      if (frame === undefined) return
      if (frame !== 'skipped') yield frame
    }
  }

  #piece(data: { readonly id: number; readonly fin: boolean; left: number }) {
    if (data.left > 0 && this.#pending.length === 0) return undefined
    const piece = this.#take(Math.min(data.left, this.#pending.length))
    data.left -= piece.length
    if (data.left === 0) this.#data = undefined
    return { type: 'data', id: data.id, bytes: piece, fin: data.fin && data.left === 0 } as const
  }

  #head(): SpdyFrame | 'skipped' | undefined {
    if (this.#pending.length < headBytes) return undefined
    const word = this.#pending.readUInt32BE(0)
    const flags = this.#pending.readUInt8(4)
    const length = this.#pending.readUIntBE(5, 3)
    if (word <= uint31Max) {
      if (word === 0) throw protocolError('data for stream 0')
      this.#take(headBytes)
      this.#data = { id: word, fin: (flags & flagFin) !== 0, left: length }
      return this.#piece(this.#data)
    }
    if (((word >>> 16) & 0x7fff) !== version) throw protocolError('a frame of another SPDY version')
    if (length > limits.controlFrameBytesMax) {
      throw new StreamingError('LimitExceeded', 'a control frame is too large')
    }
    if (this.#pending.length < headBytes + length) return undefined
    this.#take(headBytes)
    return this.#control(word & 0xffff, flags, this.#take(length))
  }

  #control(type: number, flags: number, payload: Buffer): SpdyFrame | 'skipped' {
    const need = (length: number, exact = true) => {
      if (exact ? payload.length !== length : payload.length < length) {
        throw protocolError(`a control frame of type ${type} with ${payload.length} bytes`)
      }
    }
    const id = () => payload.readUInt32BE(0) & uint31Max
    const fin = (flags & flagFin) !== 0
    switch (type) {
      case frameType.synStream: {
        need(10, false)
        const headers = this.#headers.decompress(payload.subarray(10))
        const unidirectional = (flags & flagUnidirectional) !== 0
        return { type: 'synStream', id: id(), headers, fin, unidirectional }
      }
      case frameType.synReply:
      case frameType.headers: {
        need(4, false)
        const headers = this.#headers.decompress(payload.subarray(4))
        return { type: type === frameType.headers ? 'headers' : 'synReply', id: id(), headers, fin }
      }
      case frameType.rstStream:
        need(8)
        return { type: 'rstStream', id: id(), status: payload.readUInt32BE(4) }
      case frameType.settings:
        return { type: 'settings', initialWindow: initialWindow(payload) }
      case frameType.ping:
        need(4)
        return { type: 'ping', id: payload.readUInt32BE(0) }
      case frameType.goAway:
        need(8)
        return { type: 'goAway', lastGoodId: id(), status: payload.readUInt32BE(4) }
      case frameType.windowUpdate:
        need(8)
        return { type: 'windowUpdate', id: id(), delta: payload.readUInt32BE(4) & uint31Max }
      default:
        // Section 2.2: receivers pass over control frames they do not know.
        return 'skipped'
    }
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length)
    this.#pending = this.#pending.subarray(length)
    return taken
  }
}

function initialWindow(payload: Buffer): number | undefined {
  if (payload.length < 4 || payload.length !== 4 + payload.readUInt32BE(0) * 8) {
    throw protocolError('settings of another length than they say')
  }
  let found: number | undefined
  for (let at = 4; at < payload.length; at += 8) {
    if (payload.readUIntBE(at + 1, 3) === settingInitialWindow) found = payload.readUInt32BE(at + 4)
  }
  if (found !== undefined && found > uint31Max) throw protocolError('a window of more than 31 bits')
  return found
}

/** Frames into bytes. The order of the calls is that of sending: headers depend on those before. */
export class SpdyFrameWriter {
  readonly #headers = new HeaderCompressor()

  write(frame: SpdyFrame): Buffer {
    switch (frame.type) {
      case 'data':
        return dataFrame(frame.id, frame.bytes, frame.fin)
      case 'synStream': {
        const flags = (frame.fin ? flagFin : 0) | (frame.unidirectional ? flagUnidirectional : 0)
        const fixed = Buffer.alloc(10)
        fixed.writeUInt32BE(frame.id)
        const payload = Buffer.concat([fixed, this.#headers.compress(frame.headers)])
        return control(frameType.synStream, payload, flags)
      }
      case 'synReply':
      case 'headers': {
        const payload = Buffer.concat([words(frame.id), this.#headers.compress(frame.headers)])
        return control(frameType[frame.type], payload, frame.fin ? flagFin : 0)
      }
      case 'rstStream':
        return control(frameType.rstStream, words(frame.id, frame.status))
      case 'settings': {
        const { initialWindow } = frame
        const payload =
          initialWindow === undefined ? words(0) : words(1, settingInitialWindow, initialWindow)
        return control(frameType.settings, payload)
      }
      case 'ping':
        return control(frameType.ping, words(frame.id))
      case 'goAway':
        return control(frameType.goAway, words(frame.lastGoodId, frame.status))
      case 'windowUpdate':
        return control(frameType.windowUpdate, words(frame.id, frame.delta))
    }
  }
}

function dataFrame(id: number, bytes: Uint8Array, fin: boolean): Buffer {
  assert(bytes.length < 1 << 24, 'the length of a DATA frame has 24 bits')
  const frame = Buffer.allocUnsafe(headBytes + bytes.length)
  frame.writeUInt32BE(id)
  frame.writeUInt32BE((fin ? flagFin << 24 : 0) | bytes.length, 4)
  frame.set(bytes, headBytes)
  return frame
}

function control(type: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt16BE(0x8000 | version)
  head.writeUInt16BE(type, 2)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4))
  return bytes
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

function joined(one: Buffer, other: Uint8Array): Buffer {
  return Buffer.concat([one, other])
}
