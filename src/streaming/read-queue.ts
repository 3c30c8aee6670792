import { assert, deferred, type Deferred } from '#base'

/** What has come for one stream and was not read yet; the reader's half of a BytePipe. */
export class ReadQueue {
  readonly #taken: (bytes: number) => void
  #chunks: Uint8Array[] = []
  #bytes = 0
  #end: { readonly error: Error | undefined } | undefined
  #reader: Deferred<Uint8Array | undefined> | undefined
  #relief: { readonly bytesMax: number; readonly relieved: Deferred<void> } | undefined

  /** `taken` hears of the bytes a reader has taken, to grant the peer as many again. */
  constructor(taken: (bytes: number) => void = () => undefined) {
    this.#taken = taken
  }

  get ended(): boolean {
    return this.#end !== undefined
  }

  push(bytes: Uint8Array): void {
    if (this.#end !== undefined || bytes.length === 0) return
    if (this.#reader !== undefined) {
      const reader = this.#reader
      this.#reader = undefined
      reader.resolve(bytes)
      this.#taken(bytes.length)
      return
    }
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
  }

  /** No more will come; with an error, readers get that after what has come. */
  end(error?: Error): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#relieve()
    if (this.#reader === undefined) return
    if (error === undefined) this.#reader.resolve(undefined)
    else this.#reader.reject(error)
    this.#reader = undefined
  }

  /** Nobody will read what has come. Answers how many bytes that were. */
  drop(error: Error): number {
    const dropped = this.#bytes
    this.#chunks = []
    this.#bytes = 0
    this.#end = { error }
    this.#reader?.reject(error)
    this.#reader = undefined
    this.#relieve()
    return dropped
  }

  async read(): Promise<Uint8Array | undefined> {
    assert(this.#reader === undefined, 'one read at a time')
    const bytes = this.#chunks.shift()
    if (bytes !== undefined) {
      this.#bytes -= bytes.length
      this.#relieve()
      this.#taken(bytes.length)
      return bytes
    }
    if (this.#end?.error !== undefined) throw this.#end.error
    if (this.#end !== undefined) return undefined
    this.#reader = deferred()
    return this.#reader.promise
  }

  /** Resolves when no more than `bytesMax` are unread, or no more can come. One call at a time. */
  async room(bytesMax: number): Promise<void> {
    if (this.#bytes <= bytesMax || this.#end !== undefined) return
    this.#relief = { bytesMax, relieved: deferred() }
    await this.#relief.relieved.promise
  }

  #relieve(): void {
    if (this.#relief === undefined) return
    if (this.#bytes > this.#relief.bytesMax && this.#end === undefined) return
    this.#relief.relieved.resolve()
    this.#relief = undefined
  }
}
