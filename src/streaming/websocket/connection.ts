import { deferred, type Clock, type Deferred, type Random } from '#base'
import type { BytePipe } from '../byte-pipe.ts'
import { lost, StreamingError } from '../error.ts'
import { limits } from '../limits.ts'
import {
  closeCode,
  closePayload,
  opcode,
  webSocketFrame,
  WebSocketReader,
  type WebSocketPiece,
} from './frames.ts'

export interface WebSocketOptions {
  readonly clock: Clock
  /** Makes a client's masks. */
  readonly random: Random
  readonly role: 'client' | 'server'
}

export type DataPiece = Extract<WebSocketPiece, { readonly type: 'data' }>

/** Messages over a pipe by RFC 6455, without extensions; pings are answered while it is read. */
export class WebSocketConnection {
  /** Resolves when the connection is over: with nothing after a normal close, else with why. */
  readonly closed: Promise<StreamingError | undefined>
  readonly #pipe: BytePipe
  readonly #options: WebSocketOptions
  readonly #reader: WebSocketReader
  readonly #over: Deferred<StreamingError | undefined> = deferred()
  readonly #pieces: AsyncGenerator<DataPiece, void>
  #farewellSent = false
  #owedBytes = 0

  constructor(pipe: BytePipe, options: WebSocketOptions) {
    this.#pipe = pipe
    this.#options = options
    this.#reader = new WebSocketReader({ masked: options.role === 'server' })
    this.closed = this.#over.promise
    this.#pieces = this.#receive()
  }

  /** The next piece of a message, or undefined after a normal close. Rejects with StreamingError. */
  async read(): Promise<DataPiece | undefined> {
    const next = await this.#pieces.next()
    return next.done === true ? undefined : next.value
  }

  /** Sends one message. The order is that of the calls. */
  async write(kind: 'text' | 'binary', bytes: Uint8Array): Promise<void> {
    if (this.#farewellSent) throw new StreamingError('Closed', 'the connection was closed')
    await this.#send(opcode[kind], bytes)
  }

  /** Says farewell; the connection is over when the peer has answered and was read to its end. */
  async close(): Promise<void> {
    await this.#farewell(closeCode.normal, '')
    const { clock } = this.#options
    const timer = clock.timer(limits.closingMs, () => this.abort(), { unref: true })
    await this.closed
    timer.cancel()
  }

  abort(): void {
    const why = new StreamingError('Closed', 'the connection was given up')
    this.#finish(this.#farewellSent ? undefined : why)
    this.#pipe.abort()
  }

  async #farewell(code: number, reason: string): Promise<void> {
    if (this.#farewellSent) return
    this.#farewellSent = true
    try {
      await this.#send(opcode.close, closePayload(code, reason))
      // A client leaves hanging up to the server (RFC 6455, section 7.1.1).
      if (this.#options.role === 'server') await this.#pipe.end()
    } catch (error) {
      this.#finish(lost(error))
    }
  }

  async *#receive(): AsyncGenerator<DataPiece, void> {
    try {
      for (;;) {
        const bytes = await this.#pipe.read()
        if (bytes === undefined) {
          if (this.#farewellSent) return this.#finish(undefined)
          throw lost('the peer hung up without a close frame')
        }
        for (const piece of this.#reader.push(bytes)) {
          switch (piece.type) {
            case 'data':
              if (!this.#farewellSent) yield piece
              break
            case 'ping':
              this.#owe(opcode.pong, piece.bytes)
              break
            case 'pong':
              break
            case 'close':
              return await this.#peerCloses(piece.code, piece.reason)
          }
        }
      }
    } catch (cause) {
      const error = lost(cause)
      await this.#refuse(error)
      throw error
    }
  }

  async #peerCloses(code: number, reason: string): Promise<void> {
    const normal =
      code === closeCode.normal || code === closeCode.goingAway || code === closeCode.none
    const ours = this.#farewellSent
    this.#hangUpSoon()
    if (!ours) await this.#farewell(code === closeCode.none ? closeCode.normal : code, '')
    await this.#pipe.end().catch(() => undefined)
    if (normal || ours) {
      this.#finish(undefined)
      return
    }
    throw new StreamingError('ConnectionLost', `the peer closed with code ${code}: ${reason}`)
  }

  /** Tells the peer what it did wrong, and ends. */
  async #refuse(error: StreamingError): Promise<void> {
    this.#hangUpSoon()
    if (error.reason === 'ProtocolError') {
      await this.#farewell(closeCode.protocolError, error.message)
    } else if (error.reason === 'LimitExceeded') {
      await this.#farewell(closeCode.tooBig, error.message)
    } else {
      this.#pipe.abort()
    }
    this.#finish(error)
    await this.#pipe.end().catch(() => undefined)
  }

  /** Nothing worth waiting for is on its way any more. */
  #hangUpSoon(): void {
    this.#options.clock.timer(limits.closingMs, () => this.#pipe.abort(), { unref: true })
  }

  async #send(code: number, payload: Uint8Array): Promise<void> {
    const mask = this.#options.role === 'client' ? this.#options.random.bytes(4) : undefined
    await this.#pipe.write(webSocketFrame(code, payload, mask))
  }

  #owe(code: number, payload: Buffer): void {
    if (this.#farewellSent) return
    this.#owedBytes += payload.length + 2
    if (this.#owedBytes > limits.owedBytesMax) {
      throw new StreamingError('LimitExceeded', 'the peer does not take what it is owed')
    }
    this.#send(code, payload).then(
      () => {
        this.#owedBytes -= payload.length + 2
      },
      (error: unknown) => this.#finish(lost(error)),
    )
  }

  #finish(error: StreamingError | undefined): void {
    this.#over.resolve(error)
  }
}
