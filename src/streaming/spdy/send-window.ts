import { deferred, type Deferred } from '#base'
import type { StreamingError } from '../error.ts'
import { uint31Max } from './frames.ts'

/** SPDY/3.1's initial window, of a stream and of the session. */
export const initialWindowBytes = 64 * 1024

/**
 * How much may be sent before the peer grants more. Kubernetes' own SPDY implementation keeps no
 * windows and grants nothing, ever; so a window counts from the start but binds only once the peer
 * has shown, by SETTINGS or WINDOW_UPDATE, that it keeps them.
 */
export class SendWindow {
  #bytes: number
  #binding: boolean
  #broken: StreamingError | undefined
  #changed: Deferred<void> | undefined

  constructor(bytes: number, binding: boolean) {
    this.#bytes = bytes
    this.#binding = binding
  }

  /** Waits for room and takes at most `wanted` of it. Rejects when the window breaks. */
  async take(wanted: number): Promise<number> {
    for (;;) {
      if (this.#broken !== undefined) throw this.#broken
      const granted = this.#binding ? Math.min(wanted, this.#bytes) : wanted
      if (granted > 0) {
        this.#bytes -= granted
        return granted
      }
      this.#changed ??= deferred()
      await this.#changed.promise
    }
  }

  /** False when the window would outgrow its 31 bits: then the peer cannot count. */
  give(bytes: number): boolean {
    if (this.#bytes + bytes > uint31Max) return false
    this.#bytes += bytes
    this.#wake()
    return true
  }

  bind(): void {
    this.#binding = true
  }

  break(error: StreamingError): void {
    this.#broken ??= error
    this.#wake()
  }

  #wake(): void {
    this.#changed?.resolve()
    this.#changed = undefined
  }
}
