import { deferred, type Deferred } from '#base'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { BytePipe } from './byte-pipe.ts'
import { StreamingError, lost } from './error.ts'

/**
 * A socket (TCP, TLS, unix) as a BytePipe. It takes the socket over: nobody else may read, write or
 * end it. `head` is what was read from it already. The socket must allow half-open connections
 * (Node's HTTP servers and clients make such), else the end of one direction ends the other.
 */
export function socketPipe(socket: Duplex, head?: Uint8Array): BytePipe {
  return new SocketPipe(socket, head)
}

class SocketPipe implements BytePipe {
  readonly #socket: Duplex
  #head: Uint8Array | undefined
  #failure: StreamingError | undefined
  #givenUp = false
  /** Ends of waits, each resolved by what may have changed their condition. */
  #readable: Deferred<void> | undefined
  #drained: Deferred<void> | undefined

  constructor(socket: Duplex, head: Uint8Array | undefined) {
    this.#socket = socket
    this.#head = head !== undefined && head.length > 0 ? head : undefined
    const readable = () => {
      this.#readable?.resolve()
      this.#readable = undefined
    }
    const drained = () => {
      this.#drained?.resolve()
      this.#drained = undefined
    }
    // Keystrokes and window grants are small and must not wait for more.
    if (socket instanceof Socket) socket.setNoDelay(true)
    socket.on('readable', readable)
    socket.on('end', readable)
    socket.on('drain', drained)
    socket.on('error', (error) => {
      this.#failure ??= lost(error)
    })
    socket.on('close', () => {
      if (!socket.readableEnded) this.#failure ??= lost('the socket was closed')
      readable()
      drained()
    })
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#head !== undefined) {
      const head = this.#head
      this.#head = undefined
      return head
    }
    for (;;) {
      // What came before a failure is there still; only what was given up is not wanted.
      const bytes: unknown = this.#givenUp ? null : this.#socket.read()
      if (bytes instanceof Uint8Array) return bytes
      if (this.#failure !== undefined) throw this.#failure
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined
      this.#readable ??= deferred()
      await this.#readable.promise
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#mustWrite()
    if (this.#socket.write(bytes)) return
    this.#drained ??= deferred()
    await this.#drained.promise
    this.#mustWrite()
  }

  /** Resolves when everything was handed to the system, or cannot be any more. */
  async end(): Promise<void> {
    if (!this.#socket.writable) return
    await new Promise<void>((resolve) => {
      this.#socket.once('close', resolve)
      this.#socket.end(resolve)
    })
  }

  abort(): void {
    this.#givenUp = true
    this.#head = undefined
    this.#failure ??= new StreamingError('Closed', 'the socket was given up')
    this.#socket.destroy()
  }

  #mustWrite(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#socket.destroyed) throw lost('the socket was closed')
  }
}
