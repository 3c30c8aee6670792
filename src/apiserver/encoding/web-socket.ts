import type { Clock, Random } from '#base'
import type { MessageServer } from '#streaming'
import { withoutBearerProtocol } from '../authentication/bearer.ts'
import { limits } from '../limits.ts'
import type { ApiRequest, ApiResponse, ByteSink, ByteSource, UpgradeAnswer } from '../request.ts'

interface Context {
  readonly clock: Clock
  readonly random: Random
}

type StreamBody = Extract<ApiResponse['body'], { readonly type: 'stream' }>

/** Subprotocols of a stream of bytes: as they are, or for clients that take text only. */
const byteProtocols = ['', 'binary.k8s.io', 'base64.binary.k8s.io']

/** A watch as messages, one event each: texts of JSON, or protobuf without its length. */
export function watchOverWebSocket(
  request: ApiRequest,
  body: StreamBody,
  contentType: string,
  ctx: Context,
): UpgradeAnswer {
  const protobuf = contentType.includes('protobuf')
  return {
    type: 'upgrade',
    async accept(connection) {
      const { acceptMessages } = await import('#streaming')
      const socket = acceptMessages(connection, ['', ...offered(request)], ctx)
      const sink = new MessageSink(socket, ctx.clock, protobuf)
      const handle = body.open(sink)
      sink.onSlow = () => handle.close()
      await socket.closed
      handle.close()
    },
    cancel() {},
  }
}

/** A log as messages, of whatever length. */
export function bytesOverWebSocket(source: ByteSource, ctx: Context): UpgradeAnswer {
  return {
    type: 'upgrade',
    async accept(connection) {
      const { acceptMessages } = await import('#streaming')
      let socket: MessageServer
      try {
        socket = acceptMessages(connection, byteProtocols, ctx)
      } catch (error) {
        source.cancel()
        throw error
      }
      const base64 = socket.subprotocol.startsWith('base64')
      void socket.closed.then(() => source.cancel())
      try {
        for (let bytes = await source.read(); bytes !== undefined; bytes = await source.read()) {
          if (base64) await socket.send('text', Buffer.from(Buffer.from(bytes).toString('base64')))
          else await socket.send('binary', bytes)
        }
        await socket.close()
      } catch (error) {
        socket.abort()
        throw error
      }
    },
    cancel: () => source.cancel(),
  }
}

/** What a client speaks beside its credentials; any one will do, as the server says the same. */
function offered(request: ApiRequest): readonly string[] {
  const names = request
    .headers('sec-websocket-protocol')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim())
  return withoutBearerProtocol(names)
}

/** Takes the bytes of a watch apart again, into messages of one event. */
class MessageSink implements ByteSink {
  onSlow: (() => void) | undefined
  pendingBytes = 0
  readonly #socket: MessageServer
  readonly #clock: Clock
  readonly #protobuf: boolean
  #ended = false
  #whenTaken: (() => void)[] = []

  constructor(socket: MessageServer, clock: Clock, protobuf: boolean) {
    this.#socket = socket
    this.#clock = clock
    this.#protobuf = protobuf
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended) return false
    for (const message of this.#protobuf ? prefixed(bytes) : lines(bytes)) this.#send(message)
    if (this.pendingBytes <= limits.watchBufferBytesMax) return this.pendingBytes === 0
    this.#ended = true
    this.#socket.abort()
    this.onSlow?.()
    return false
  }

  whenTaken(run: () => void): void {
    if (this.pendingBytes > 0) this.#whenTaken.push(run)
    else void this.#clock.yield().then(run)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    // The farewell waits behind what the peer has not taken.
    const cutOff = this.#clock.timer(limits.watchFlushMs, () => this.#socket.abort(), {
      unref: true,
    })
    void this.#socket.closed.then(() => cutOff.cancel())
    void this.#socket.close()
  }

  #send(message: Uint8Array): void {
    this.pendingBytes += message.byteLength
    const taken = () => {
      this.pendingBytes -= message.byteLength
      if (this.pendingBytes > 0) return
      for (const run of this.#whenTaken.splice(0)) run()
    }
    // A connection that is lost ends the watch by `closed`.
    this.#socket.send(this.#protobuf ? 'binary' : 'text', message).then(taken, taken)
  }
}

/** Events of JSON end with a line each; within they have none. */
function* lines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    const to = end === -1 ? bytes.length : end + 1
    yield bytes.subarray(from, to)
    from = to
  }
}

/** Events of protobuf stand behind their length, four bytes, the highest first. */
function* prefixed(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let from = 0; from + 4 <= bytes.length;) {
    const to = from + 4 + view.getUint32(from)
    yield bytes.subarray(from + 4, to)
    from = to
  }
}
