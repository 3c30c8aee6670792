import { must } from '#base'
import type { ByteStream } from '../byte-pipe.ts'
import { protocolError, StreamingError } from '../error.ts'
import { limits } from '../limits.ts'
import { ReadQueue } from '../read-queue.ts'
import type { DataPiece, WebSocketConnection } from './connection.ts'

export interface ChannelsOptions {
  readonly count: number
  /** The channels the peer may write to; what it sends on others is dropped. */
  readonly readable: readonly number[]
  /** Messages are text: the channel as a digit, the bytes in base64. */
  readonly base64: boolean
  /**
   * v5: a client tells the end of a channel, by a message of 255 and the channel. A server only
   * understands it: clients take it for an unknown channel and complain to their users.
   */
  readonly closeSignal: 'sent' | 'understood' | 'none'
}

const closeSignal = 255

/**
 * Channels over a WebSocket: the first byte of a message says which. A channel has no window, so
 * one whose reader is slow holds up all; and but for v5's close signal, a channel ends only with
 * the connection, so `end` tells the peer nothing before that.
 */
export class Channels {
  /** Resolves when the connection is over: with nothing after a normal close, else with why. */
  readonly closed: Promise<StreamingError | undefined>
  readonly #socket: WebSocketConnection
  readonly #options: ChannelsOptions
  readonly #channels: readonly Channel[]
  /** The channel of the message that is coming. */
  #current: Channel | 'close' | undefined
  /** Base64 characters that do not make bytes yet. */
  #carry = ''

  constructor(socket: WebSocketConnection, options: ChannelsOptions) {
    this.#socket = socket
    this.#options = options
    this.#channels = Array.from(
      { length: options.count },
      (_, id) => new Channel(id, options.readable.includes(id), this),
    )
    this.closed = this.#receive()
  }

  stream(id: number): ByteStream {
    return must(this.#channels[id], 'the channel is one of those counted')
  }

  async send(id: number, bytes: Uint8Array): Promise<void> {
    if (this.#options.base64) {
      const text = `${id}${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`
      await this.#socket.write('text', Buffer.from(text, 'latin1'))
      return
    }
    const message = Buffer.allocUnsafe(bytes.length + 1)
    message.writeUInt8(id)
    message.set(bytes, 1)
    await this.#socket.write('binary', message)
  }

  async sendEnd(id: number): Promise<void> {
    if (this.#options.closeSignal !== 'sent') return
    const message = Buffer.from([closeSignal, id])
    await this.#socket.write('binary', message)
  }

  async close(): Promise<void> {
    // What was not read holds up the farewell no longer.
    for (const channel of this.#channels) channel.inbound.end()
    await this.#socket.close()
  }

  abort(): void {
    this.#socket.abort()
  }

  async #receive(): Promise<StreamingError | undefined> {
    try {
      for (;;) {
        const piece = await this.#socket.read()
        if (piece === undefined) break
        await this.#take(piece)
      }
      for (const channel of this.#channels) channel.inbound.end()
      return undefined
    } catch (cause) {
      const error =
        cause instanceof StreamingError
          ? cause
          : new StreamingError('ConnectionLost', 'connection lost', { cause })
      this.#socket.abort()
      for (const channel of this.#channels) channel.inbound.end(error)
      return error
    }
  }

  async #take(piece: DataPiece): Promise<void> {
    let { bytes } = piece
    if (piece.start) {
      this.#current = undefined
      this.#carry = ''
    }
    if (this.#current === undefined) {
      const first = bytes[0]
      if (first === undefined) return
      this.#current = this.#channelOf(first)
      bytes = bytes.subarray(1)
    }
    if (this.#current === 'close') {
      for (const id of bytes) this.#channels[id]?.inbound.end()
      return
    }
    const channel = this.#current
    const data = this.#options.base64 ? this.#decode(bytes, piece.end) : bytes
    if (!channel.readable) return
    channel.inbound.push(data)
    await channel.inbound.room(limits.unreadBytesMax)
  }

  #channelOf(first: number): Channel | 'close' {
    if (first === closeSignal && this.#options.closeSignal === 'understood') return 'close'
    const id = this.#options.base64 ? first - 0x30 : first
    return this.#channels[id] ?? new Channel(id, false, this)
  }

  #decode(bytes: Buffer, end: boolean): Buffer {
    const text = this.#carry + bytes.toString('latin1')
    const length = text.length - (text.length % 4)
    this.#carry = text.slice(length)
    const whole = text.slice(0, length)
    if (!base64.test(whole) || (end && this.#carry !== '')) {
      throw protocolError('a message is not in base64')
    }
    return Buffer.from(whole, 'base64')
  }
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/

class Channel implements ByteStream {
  readonly id: number
  readonly headers = {}
  readonly readable: boolean
  readonly inbound = new ReadQueue()
  readonly #channels: Channels
  #ended = false

  constructor(id: number, readable: boolean, channels: Channels) {
    this.id = id
    this.readable = readable
    this.#channels = channels
  }

  read(): Promise<Uint8Array | undefined> {
    return this.inbound.read()
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw new StreamingError('Closed', 'written after the end')
    await this.#channels.send(this.id, bytes)
  }

  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#channels.sendEnd(this.id)
  }

  /** The peer cannot be told of one channel only; what it sends is dropped. */
  abort(): void {
    this.#ended = true
    this.inbound.drop(new StreamingError('Closed', 'the channel was given up'))
  }
}
