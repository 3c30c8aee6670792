import type { Call, Transport, WatchHandle, WatchReceiver } from '#client'

interface Generation {
  readonly transport: Transport
  /** Calls and watches under way. */
  open: number
}

/**
 * A transport whose credentials change: what begins after `rotate` goes the new way, and what is
 * under way goes on. The old way is closed when the last of it has ended, which for a watch is when
 * the server ends it.
 */
export class RotatingTransport implements Transport {
  readonly #retired = new Set<Generation>()
  #current: Generation

  constructor(transport: Transport) {
    this.#current = { transport, open: 0 }
  }

  rotate(transport: Transport): void {
    const former = this.#current
    this.#current = { transport, open: 0 }
    this.#retired.add(former)
    this.#closeUnused(former)
  }

  async send(call: Call): Promise<unknown> {
    const generation = this.#begin()
    try {
      return await generation.transport.send(call)
    } finally {
      this.#end(generation)
    }
  }

  watch(call: Call, receiver: WatchReceiver): WatchHandle {
    const generation = this.#begin()
    let over = false
    const end = () => {
      if (over) return
      over = true
      this.#end(generation)
    }
    try {
      const handle = generation.transport.watch(call, {
        event: (event) => receiver.event(event),
        end(error) {
          end()
          receiver.end(error)
        },
      })
      return {
        close() {
          handle.close()
          end()
        },
      }
    } catch (error) {
      end()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { transport } of [this.#current, ...this.#retired]) {
      await transport[Symbol.asyncDispose]()
    }
  }

  #begin(): Generation {
    this.#current.open++
    return this.#current
  }

  #end(generation: Generation): void {
    generation.open--
    this.#closeUnused(generation)
  }

  #closeUnused(generation: Generation): void {
    if (generation.open > 0 || !this.#retired.delete(generation)) return
    // Nothing is under way on it, so there is nothing to wait for, or to fail.
    void generation.transport[Symbol.asyncDispose]()
  }
}
