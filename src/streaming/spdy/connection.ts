import { assert, deferred, withTimeout, TimeoutError, type Clock, type Deferred } from '#base'
import type { BytePipe, ByteStream, StreamConnection, StreamHeaders } from '../byte-pipe.ts'
import { lost, protocolError, StreamingError } from '../error.ts'
import { limits } from '../limits.ts'
import {
  goAwayStatus,
  rstStatus,
  SpdyFrameReader,
  SpdyFrameWriter,
  type SpdyFrame,
} from './frames.ts'
import { initialWindowBytes, SendWindow } from './send-window.ts'
import { SpdyStream, type SpdyStreamPort } from './spdy-stream.ts'

export interface SpdyOptions {
  readonly clock: Clock
  readonly role: 'client' | 'server'
  /** Whether to take a stream the peer opens; one that is not taken is refused. Default: all. */
  readonly admits?: (headers: StreamHeaders) => boolean
}

/**
 * SPDY/3.1 over a pipe, as Kubernetes speaks it: bare streams, no HTTP inside. Windows are granted
 * to peers that keep them. From a peer that keeps none the connection stops reading as soon as one
 * stream has more than its share unread, which then holds up all of them.
 */
export function spdyConnection(pipe: BytePipe, options: SpdyOptions): StreamConnection {
  const connection = new SpdyConnection(pipe, options)
  connection.start()
  return connection
}

class SpdyConnection implements StreamConnection, SpdyStreamPort {
  readonly window = new SendWindow(initialWindowBytes, false)
  readonly closed: Promise<Error | undefined>
  readonly #pipe: BytePipe
  readonly #options: SpdyOptions
  readonly #reader = new SpdyFrameReader()
  readonly #writer = new SpdyFrameWriter()
  readonly #streams = new Map<number, SpdyStream>()
  /** Opened by the peer and not accepted yet. */
  readonly #waiting: SpdyStream[] = []
  readonly #over: Deferred<Error | undefined> = deferred()
  #acceptor: Deferred<ByteStream | undefined> | undefined
  #state: 'open' | 'closing' | 'over' = 'open'
  #peerLeaves = false
  #peerKeepsWindows = false
  #peerInitialWindow = initialWindowBytes
  #nextId: number
  #lastPeerId = 0
  /** Read by their readers, and not granted to the peer again yet: per stream, and of all. */
  readonly #ungranted = new Map<number, number>()
  #ungrantedOfSession = 0
  #owedBytes = 0

  constructor(pipe: BytePipe, options: SpdyOptions) {
    this.#pipe = pipe
    this.#options = options
    this.#nextId = options.role === 'client' ? 1 : 2
    this.closed = this.#over.promise
  }

  start(): void {
    this.#owe({ type: 'settings', initialWindow: limits.unreadBytesMax })
    const delta = limits.sessionUnreadBytesMax - initialWindowBytes
    this.#owe({ type: 'windowUpdate', id: 0, delta })
    this.#receive().then(
      () => this.#finish(this.#hungUp()),
      (error: unknown) => this.#fail(lost(error)),
    )
  }

  async open(headers: StreamHeaders): Promise<ByteStream> {
    if (this.#state !== 'open' || this.#peerLeaves) {
      throw new StreamingError('Closed', 'the connection was closed')
    }
    if (this.#streams.size >= limits.streamsMax) {
      throw new StreamingError('LimitExceeded', 'too many streams on one connection')
    }
    const id = this.#nextId
    this.#nextId += 2
    const stream = this.#addStream(id, headers)
    try {
      await this.#send({ type: 'synStream', id, headers, fin: false, unidirectional: false })
      const { clock } = this.#options
      const what = 'the peer accepts the stream'
      await withTimeout(clock, stream.replied.promise, limits.streamCreationMs, what)
      return stream
    } catch (error) {
      stream.abort()
      if (!(error instanceof TimeoutError)) throw error
      throw new StreamingError('Timeout', error.message, { cause: error })
    }
  }

  async accept(): Promise<ByteStream | undefined> {
    assert(this.#acceptor === undefined, 'one accept at a time')
    const stream = this.#waiting.shift()
    if (stream !== undefined) {
      this.#reply(stream)
      return stream
    }
    if (this.#state !== 'open') return undefined
    this.#acceptor = deferred()
    return this.#acceptor.promise
  }

  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.#farewell(goAwayStatus.ok)
      this.#endStreams(undefined)
      // However long a slow peer takes for what is on its way: its time starts after that.
      await this.#pipe.end().catch(() => undefined)
      const { clock } = this.#options
      const timer = clock.timer(limits.closingMs, () => this.abort(), { unref: true })
      await this.closed
      timer.cancel()
    }
    await this.closed
  }

  abort(): void {
    this.#pipe.abort()
    this.#finish(
      this.#state === 'closing'
        ? undefined
        : new StreamingError('Closed', 'the connection was given up'),
    )
  }

  sendData(id: number, bytes: Uint8Array, fin: boolean): Promise<void> {
    return this.#send({ type: 'data', id, bytes, fin })
  }

  sendReset(id: number, status: number): void {
    this.#owe({ type: 'rstStream', id, status })
  }

  taken(id: number, bytes: number, live: boolean): void {
    this.#ungrantedOfSession += bytes
    const ungranted = (this.#ungranted.get(id) ?? 0) + bytes
    if (live) this.#ungranted.set(id, ungranted)
    else this.#ungranted.delete(id)
    // Who keeps no windows has no use for grants, and one that is under way when it hangs up makes
    // the system reset the connection, and drop what has come and was not read yet.
    if (!this.#peerKeepsWindows) return
    if (this.#ungrantedOfSession >= limits.sessionUnreadBytesMax / 2) {
      this.#owe({ type: 'windowUpdate', id: 0, delta: this.#ungrantedOfSession })
      this.#ungrantedOfSession = 0
    }
    if (!live || ungranted < limits.unreadBytesMax / 2) return
    this.#ungranted.set(id, 0)
    this.#owe({ type: 'windowUpdate', id, delta: ungranted })
  }

  finished(id: number): void {
    this.#streams.delete(id)
    this.#ungranted.delete(id)
    const unaccepted = this.#waiting.findIndex((stream) => stream.id === id)
    if (unaccepted !== -1) this.#waiting.splice(unaccepted, 1)
  }

  async #receive(): Promise<void> {
    for (;;) {
      const bytes = await this.#pipe.read()
      if (bytes === undefined) return
      for (const frame of this.#reader.push(bytes)) {
        // After our farewell nothing the peer says matters; it is read until it hangs up.
        if (this.#state !== 'open') continue
        const stream = this.#handle(frame)
        if (stream !== undefined) await stream.room()
      }
    }
  }

  /** Answers with the stream that has got data. */
  #handle(frame: SpdyFrame): SpdyStream | undefined {
    switch (frame.type) {
      case 'data': {
        const stream = this.#streams.get(frame.id)
        if (stream !== undefined) {
          stream.receive(frame.bytes, frame.fin)
          return stream
        }
        this.taken(frame.id, frame.bytes.length, false)
        // What was under way when a stream ended is no fault.
        if (!this.#known(frame.id)) this.sendReset(frame.id, rstStatus.invalidStream)
        return undefined
      }
      case 'synStream':
        return this.#opened(frame.id, frame.headers, frame.fin)
      case 'synReply':
      case 'headers': {
        const stream = this.#streams.get(frame.id)
        if (frame.type === 'synReply') stream?.replied.resolve()
        if (frame.fin) stream?.receive(new Uint8Array(0), true)
        return undefined
      }
      case 'rstStream':
        this.#streams.get(frame.id)?.receiveReset(frame.status)
        return undefined
      case 'settings':
        return this.#settle(frame.initialWindow)
      case 'ping':
        // Ours have our parity and are answers.
        if (frame.id % 2 !== this.#nextId % 2) this.#owe(frame)
        return undefined
      case 'goAway':
        this.#peerLeaves = true
        return undefined
      case 'windowUpdate':
        return this.#grant(frame.id, frame.delta)
    }
  }

  #opened(id: number, headers: StreamHeaders, fin: boolean): undefined {
    if (id === 0 || id % 2 === this.#nextId % 2) throw protocolError('a stream id of our parity')
    if (id <= this.#lastPeerId) throw protocolError('stream ids do not grow')
    this.#lastPeerId = id
    if (this.#streams.size >= limits.streamsMax || this.#options.admits?.(headers) === false) {
      this.sendReset(id, rstStatus.refusedStream)
      return
    }
    const stream = this.#addStream(id, headers)
    if (fin) stream.receive(new Uint8Array(0), true)
    if (this.#acceptor === undefined) {
      this.#waiting.push(stream)
      return
    }
    this.#reply(stream)
    this.#acceptor.resolve(stream)
    this.#acceptor = undefined
  }

  #settle(initialWindow: number | undefined): undefined {
    if (initialWindow === undefined) return
    const change = initialWindow - this.#peerInitialWindow
    this.#peerInitialWindow = initialWindow
    for (const stream of this.#streams.values()) {
      if (!stream.window.give(change)) stream.reset(rstStatus.flowControlError)
    }
    this.#bindWindows()
  }

  #grant(id: number, delta: number): undefined {
    this.#bindWindows()
    if (id === 0) {
      if (delta === 0 || !this.window.give(delta)) throw protocolError('a window cannot grow so')
      return
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    if (delta === 0 || !stream.window.give(delta)) stream.reset(rstStatus.flowControlError)
  }

  #bindWindows(): void {
    if (this.#peerKeepsWindows) return
    this.#peerKeepsWindows = true
    this.window.bind()
    for (const stream of this.#streams.values()) stream.window.bind()
  }

  #addStream(id: number, headers: StreamHeaders): SpdyStream {
    const window = new SendWindow(this.#peerInitialWindow, this.#peerKeepsWindows)
    const stream = new SpdyStream(id, headers, window, this)
    this.#streams.set(id, stream)
    return stream
  }

  #reply(stream: SpdyStream): void {
    if (!this.#streams.has(stream.id)) return
    this.#owe({ type: 'synReply', id: stream.id, headers: {}, fin: false })
  }

  #known(id: number): boolean {
    return id % 2 === this.#nextId % 2 ? id < this.#nextId : id <= this.#lastPeerId
  }

  async #send(frame: SpdyFrame): Promise<void> {
    // The writer and the pipe are called in one go: bytes leave in the order of the frames.
    await this.#pipe.write(this.#writer.write(frame))
  }

  /** Sends what nobody waits for. A peer that makes us answer and does not listen is let go. */
  #owe(frame: SpdyFrame): void {
    if (this.#state === 'over') return
    const bytes = this.#writer.write(frame)
    this.#owedBytes += bytes.length
    if (this.#owedBytes > limits.owedBytesMax) {
      this.#fail(new StreamingError('LimitExceeded', 'the peer does not take what it is owed'))
      return
    }
    this.#pipe.write(bytes).then(
      () => {
        this.#owedBytes -= bytes.length
      },
      (error: unknown) => this.#fail(lost(error)),
    )
  }

  /** Streams are reset first, as Kubernetes' implementation does and expects. */
  #farewell(status: number): void {
    for (const id of this.#streams.keys()) this.sendReset(id, rstStatus.cancel)
    this.#owe({ type: 'goAway', lastGoodId: this.#lastPeerId, status })
  }

  /** Why the connection is over once the peer has hung up: no reason if nothing was open. */
  #hungUp(): StreamingError | undefined {
    if (this.#state !== 'open' || this.#peerLeaves || this.#streams.size === 0) return undefined
    return lost('the peer hung up while streams were open')
  }

  #fail(error: StreamingError): void {
    if (this.#state === 'over') return
    if (this.#state === 'closing') {
      // Many peers answer a farewell by a reset of the connection.
      this.#finish(undefined)
      this.#pipe.abort()
      return
    }
    if (error.reason !== 'ProtocolError') {
      this.#finish(error)
      this.#pipe.abort()
      return
    }
    this.#farewell(goAwayStatus.protocolError)
    this.#finish(error)
    // Time for the farewell to arrive.
    this.#options.clock.timer(limits.closingMs, () => this.#pipe.abort(), { unref: true })
  }

  #finish(error: StreamingError | undefined): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#endStreams(error)
    this.#over.resolve(error)
    this.#pipe.end().catch(() => undefined)
  }

  #endStreams(error: StreamingError | undefined): void {
    this.window.break(error ?? new StreamingError('Closed', 'the connection was closed'))
    for (const stream of this.#streams.values()) stream.connectionEnded(error)
    this.#waiting.length = 0
    this.#acceptor?.resolve(undefined)
    this.#acceptor = undefined
  }
}
