import { deferred, type Deferred } from '#base'
import type { ByteStream, StreamHeaders } from '../byte-pipe.ts'
import { StreamingError } from '../error.ts'
import { limits } from '../limits.ts'
import { ReadQueue } from '../read-queue.ts'
import { rstStatus } from './frames.ts'
import type { SendWindow } from './send-window.ts'

/** What a stream asks of its connection. */
export interface SpdyStreamPort {
  sendData(id: number, bytes: Uint8Array, fin: boolean): Promise<void>
  sendReset(id: number, status: number): void
  /** A reader took (or a reset dropped) so many bytes; `live` while the peer may send more. */
  taken(id: number, bytes: number, live: boolean): void
  /** Both directions are over. */
  finished(id: number): void
  /** What may be sent over all streams. */
  readonly window: SendWindow
}

/** One stream of a SPDY connection. Whatever ends it, `finished` is told exactly once. */
export class SpdyStream implements ByteStream {
  readonly id: number
  readonly headers: StreamHeaders
  /** Resolves when the peer has accepted a stream we opened. */
  readonly replied: Deferred<void> = deferred()
  readonly window: SendWindow
  readonly #port: SpdyStreamPort
  readonly #inbound: ReadQueue
  #sending: Promise<void> = Promise.resolve()
  /** Set once nothing more may be written. */
  #writeEnd: StreamingError | undefined
  #broken: StreamingError | undefined
  #finSent = false
  #finished = false

  constructor(id: number, headers: StreamHeaders, window: SendWindow, port: SpdyStreamPort) {
    this.id = id
    this.headers = headers
    this.window = window
    this.#port = port
    this.#inbound = new ReadQueue((bytes) => port.taken(id, bytes, !this.#inbound.ended))
    // Only who opens a stream waits for the reply.
    this.replied.promise.catch(() => undefined)
  }

  read(): Promise<Uint8Array | undefined> {
    return this.#inbound.read()
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#writeEnd !== undefined) return Promise.reject(this.#writeEnd)
    return this.#inOrder(() => this.#send(bytes))
  }

  end(): Promise<void> {
    if (this.#writeEnd !== undefined) return this.#sending
    this.#writeEnd = new StreamingError('Closed', 'written after the end')
    return this.#inOrder(async () => {
      if (this.#finished) return
      this.#finSent = true
      await this.#port.sendData(this.id, new Uint8Array(0), true)
      this.#finishOnce()
    })
  }

  abort(): void {
    this.reset(rstStatus.cancel)
  }

  /** Tells the peer that the stream is given up, and why. */
  reset(status: number): void {
    if (this.#finished) return
    this.#port.sendReset(this.id, status)
    this.#giveUp(new StreamingError('Closed', 'the stream was given up'))
  }

  /** Resolves when the reader has left room for more. */
  room(): Promise<void> {
    return this.#inbound.room(limits.unreadBytesMax)
  }

  receive(bytes: Uint8Array, fin: boolean): void {
    if (this.#inbound.ended) {
      // Data after the end of data: the peer is confused about this stream, not about the others.
      this.reset(rstStatus.protocolError)
      this.#port.taken(this.id, bytes.length, false)
      return
    }
    this.#inbound.push(bytes)
    if (!fin) return
    this.#inbound.end()
    this.#finishOnce()
  }

  /**
   * The peer gave the stream up. Kubernetes' servers reset every stream when they hang up in good
   * order (with CANCEL), so to a reader that is the end; any other status is a failure.
   */
  receiveReset(status: number): void {
    const error = new StreamingError('Reset', `the peer reset the stream (status ${status})`)
    this.#inbound.end(status === rstStatus.cancel ? undefined : error)
    this.#breakWriting(error)
    this.replied.reject(error)
    this.#finish()
  }

  /** The connection is over: with nothing in good order, else with why. */
  connectionEnded(error: StreamingError | undefined): void {
    this.#inbound.end(error)
    const why = error ?? new StreamingError('Closed', 'the connection was closed')
    this.#breakWriting(why)
    this.replied.reject(why)
    this.#finish()
  }

  #giveUp(error: StreamingError): void {
    this.#port.taken(this.id, this.#inbound.drop(error), false)
    this.#breakWriting(error)
    this.replied.reject(error)
    this.#finish()
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const wanted = Math.min(bytes.length - at, limits.payloadBytesMax)
      const ofStream = await this.window.take(wanted)
      const granted = await this.#port.window.take(ofStream)
      this.window.give(ofStream - granted)
      if (this.#broken !== undefined) {
        this.#port.window.give(granted)
        throw this.#broken
      }
      await this.#port.sendData(this.id, bytes.subarray(at, at + granted), false)
      at += granted
    }
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#sending.then(work)
    this.#sending = done.catch(() => undefined)
    return done
  }

  #breakWriting(error: StreamingError): void {
    this.#writeEnd = error
    this.#broken = error
    this.window.break(error)
  }

  #finishOnce(): void {
    if (this.#finSent && this.#inbound.ended) this.#finish()
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#port.finished(this.id)
  }
}
