import type { Clock, Timer } from '#base'
import type { ApiResponse, ByteSink } from '../request.ts'
import { flushTimeoutMs, streamPendingBytesMax } from './limits.ts'
import type { HttpResponse } from './messages.ts'

type StreamBody = Extract<ApiResponse['body'], { type: 'stream' }>

/**
 * Sends a body for as long as it lasts; resolves when the exchange is over. A peer that leaves more
 * than `streamPendingBytesMax` untaken gets a clean end of the stream after what was written
 * before, and is cut off if it does not take that either.
 */
export function sendStream(response: HttpResponse, body: StreamBody, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    // A watch answers at once, though its first event may be far.
    response.flushHeaders()
    const sink = new ResponseSink(response, clock)
    const handle = body.open(sink)
    sink.onSlow = () => handle.close()
    if (sink.slow) handle.close()
    const over = () => {
      sink.closed()
      handle.close()
      resolve()
    }
    if (response.destroyed) over()
    else response.once('close', over)
  })
}

class ResponseSink implements ByteSink {
  onSlow: (() => void) | undefined
  slow = false
  readonly #response: HttpResponse
  readonly #clock: Clock
  #ended = false
  #cutOff: Timer | undefined

  constructor(response: HttpResponse, clock: Clock) {
    this.#response = response
    this.#clock = clock
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#response.destroyed) return false
    const keepsUp = this.#response.write(bytes)
    if (this.pendingBytes <= streamPendingBytesMax) return keepsUp
    this.slow = true
    this.end()
    this.onSlow?.()
    return false
  }

  get pendingBytes(): number {
    return this.#response.writableLength
  }

  whenTaken(run: () => void): void {
    if (this.#response.writableNeedDrain) this.#response.once('drain', run)
    else void this.#clock.yield().then(run)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#response.destroyed) return
    this.#response.end()
    this.#cutOff = this.#clock.timer(flushTimeoutMs, () => this.#response.destroy(), {
      unref: true,
    })
  }

  closed(): void {
    this.#ended = true
    this.#cutOff?.cancel()
  }
}
