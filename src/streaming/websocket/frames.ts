import { assert } from '#base'
import { protocolError, StreamingError } from '../error.ts'

/** RFC 6455 frames. Messages are handed on in pieces, so their size needs no limit. */
export type WebSocketPiece =
  | {
      readonly type: 'data'
      readonly text: boolean
      /** Whether a message begins with these bytes, and whether it ends with them. */
      readonly start: boolean
      readonly end: boolean
      readonly bytes: Buffer
    }
  | { readonly type: 'ping' | 'pong'; readonly bytes: Buffer }
  | { readonly type: 'close'; readonly code: number; readonly reason: string }

export const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const continuation = 0

export const closeCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** Never sent: a close frame without a code. */
  none: 1005,
  invalidData: 1007,
  tooBig: 1009,
  internalError: 1011,
} as const

const controlBytesMax = 125

interface Frame {
  readonly text: boolean
  readonly fin: boolean
  readonly mask: Buffer | undefined
  /** Whether the message begins with what comes next. */
  start: boolean
  left: number
  /** Where in the mask the next byte stands. */
  phase: number
}

/** Bytes into pieces. It throws StreamingError and is of no use after that. */
export class WebSocketReader {
  readonly #masked: boolean
  #pending: Buffer = Buffer.alloc(0)
  #frame: Frame | undefined
  /** The kind of the message whose continuation is due. */
  #message: { readonly text: boolean } | undefined

  /** A server reads masked frames only, a client unmasked ones only. */
  constructor(options: { readonly masked: boolean }) {
    this.#masked = options.masked
  }

  *push(bytes: Uint8Array): Generator<WebSocketPiece, void> {
    const added = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#pending = this.#pending.length === 0 ? added : Buffer.concat([this.#pending, added])
    for (;;) {
      const piece = this.#frame === undefined ? this.#head() : this.#piece(this.#frame)
      if (piece === undefined) return
      yield piece
    }
  }

  #head(): WebSocketPiece | undefined {
    const pending = this.#pending
    if (pending.length < 2) return undefined
    const first = pending.readUInt8(0)
    const second = pending.readUInt8(1)
    if ((first & 0x70) !== 0) throw protocolError('a frame with reserved bits')
    const masked = (second & 0x80) !== 0
    if (masked !== this.#masked) {
      throw protocolError(
        masked ? 'a masked frame from a server' : 'an unmasked frame from a client',
      )
    }
    const short = second & 0x7f
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
    const headBytes = 2 + lengthBytes + (masked ? 4 : 0)
    const code = first & 0x0f
    const fin = (first & 0x80) !== 0
    const control = code >= opcode.close
    if (control && (!fin || short > controlBytesMax)) {
      throw protocolError('a control frame that is fragmented or too long')
    }
    if (pending.length < headBytes) return undefined
    const length = lengthBytes === 0 ? short : longLength(pending, lengthBytes)
    const mask = masked ? Buffer.from(pending.subarray(headBytes - 4, headBytes)) : undefined
    if (control) {
      if (pending.length < headBytes + length) return undefined
      this.#pending = pending.subarray(headBytes)
      const payload = this.#take(length)
      if (mask !== undefined) applyMask(payload, mask, 0)
      return controlPiece(code, payload)
    }
    this.#pending = pending.subarray(headBytes)
    const frame = { ...this.#messageOf(code, fin), fin, mask, left: length, phase: 0 }
    this.#frame = frame
    return this.#piece(frame)
  }

  #messageOf(code: number, fin: boolean): { readonly text: boolean; readonly start: boolean } {
    const running = this.#message
    if (code === continuation) {
      if (running === undefined) throw protocolError('a continuation of no message')
      if (fin) this.#message = undefined
      return { text: running.text, start: false }
    }
    if (code !== opcode.text && code !== opcode.binary) throw protocolError('an unknown opcode')
    if (running !== undefined) throw protocolError('a message within another')
    const text = code === opcode.text
    if (!fin) this.#message = { text }
    return { text, start: true }
  }

  #piece(frame: Frame): WebSocketPiece | undefined {
    if (frame.left > 0 && this.#pending.length === 0) return undefined
    const bytes = this.#take(Math.min(frame.left, this.#pending.length))
    if (frame.mask !== undefined) applyMask(bytes, frame.mask, frame.phase)
    frame.left -= bytes.length
    frame.phase = (frame.phase + bytes.length) & 3
    const { text, start } = frame
    frame.start = false
    if (frame.left === 0) this.#frame = undefined
    return { type: 'data', text, start, end: frame.fin && frame.left === 0, bytes }
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length)
    this.#pending = this.#pending.subarray(length)
    return taken
  }
}

/** One frame that is a whole message. It masks in a copy: the caller's bytes stay as they are. */
export function webSocketFrame(
  code: number,
  payload: Uint8Array,
  mask: Uint8Array | undefined,
): Buffer {
  const length = payload.length
  const lengthBytes = length < 126 ? 0 : length < 0x10000 ? 2 : 8
  const headBytes = 2 + lengthBytes + (mask === undefined ? 0 : 4)
  const frame = Buffer.allocUnsafe(headBytes + length)
  const maskBit = mask === undefined ? 0 : 0x80
  frame.writeUInt8(0x80 | code, 0)
  frame.writeUInt8(maskBit | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127), 1)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.set(payload, headBytes)
  if (mask !== undefined) {
    assert(mask.length === 4, 'a mask has four bytes')
    frame.set(mask, headBytes - 4)
    applyMask(frame.subarray(headBytes), mask, 0)
  }
  return frame
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string): Buffer {
  const words = Buffer.from(reason, 'utf8')
  // Cut at a character, not within one.
  let length = Math.min(words.length, controlBytesMax - 2)
  while (length < words.length && length > 0 && (words.readUInt8(length) & 0xc0) === 0x80) length--
  const payload = Buffer.alloc(2 + length)
  payload.writeUInt16BE(code)
  words.copy(payload, 2, 0, length)
  return payload
}

function longLength(pending: Buffer, lengthBytes: number): number {
  const length = lengthBytes === 2 ? BigInt(pending.readUInt16BE(2)) : pending.readBigUInt64BE(2)
  if (length < (lengthBytes === 2 ? 126n : 0x10000n)) throw protocolError('a length not minimal')
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new StreamingError('LimitExceeded', 'a frame is too large')
  }
  return Number(length)
}

function controlPiece(code: number, payload: Buffer): WebSocketPiece {
  if (code === opcode.ping) return { type: 'ping', bytes: payload }
  if (code === opcode.pong) return { type: 'pong', bytes: payload }
  if (code !== opcode.close) throw protocolError('an unknown opcode')
  if (payload.length === 0) return { type: 'close', code: closeCode.none, reason: '' }
  if (payload.length === 1) throw protocolError('half a close code')
  const status = payload.readUInt16BE(0)
  if (!validCloseCode(status)) throw protocolError('a close code that is never sent')
  return { type: 'close', code: status, reason: payload.toString('utf8', 2) }
}

/** RFC 6455, section 7.4. */
function validCloseCode(code: number): boolean {
  if (code >= 3000 && code < 5000) return true
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)
}

/** By words where the bytes lie so: several times as fast as byte by byte. */
function applyMask(bytes: Uint8Array, mask: Uint8Array, phase: number): void {
  if (bytes.length < 8) return maskBytes(bytes, 0, bytes.length, mask, phase)
  const before = (4 - (bytes.byteOffset & 3)) & 3
  const words = new Int32Array(
    bytes.buffer,
    bytes.byteOffset + before,
    (bytes.length - before) >> 2,
  )
  const key = Uint8Array.from({ length: 4 }, (_, i) => mask[(i + phase + before) & 3] ?? 0)
  const word = new Int32Array(key.buffer)[0] ?? 0
  maskBytes(bytes, 0, before, mask, phase)
  for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ word
  maskBytes(bytes, before + words.length * 4, bytes.length, mask, phase)
}

function maskBytes(
  bytes: Uint8Array,
  from: number,
  to: number,
  mask: Uint8Array,
  phase: number,
): void {
  for (let i = from; i < to; i++) bytes[i] = (bytes[i] ?? 0) ^ (mask[(i + phase) & 3] ?? 0)
}
