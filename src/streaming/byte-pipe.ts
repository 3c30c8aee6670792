/**
 * Bytes in two directions that end independently. It is what a socket, a stream within a connection
 * and a tunnel have in common, so any two can be joined and SPDY runs over any.
 *
 * Both directions are pulled: what is not read is not taken from the peer beyond a named limit, and
 * a write resolves only when there is room for the next. Bytes handed over belong to the receiver.
 * Not promised: that the boundaries of writes are those of reads.
 */
export interface BytePipe {
  /**
   * The next bytes (never none), or undefined once the peer has ended its direction. Bytes that came
   * before a failure are read before it is reported. One read at a time.
   * Rejects with StreamingError.
   */
  read(): Promise<Uint8Array | undefined>
  /** Writes are sent in the order of the calls. Rejects with StreamingError once the pipe is broken. */
  write(bytes: Uint8Array): Promise<void>
  /** Half-close: after what was written, nothing more will come from here. Reading goes on. */
  end(): Promise<void>
  /** Gives up both directions at once; unread and unsent bytes are dropped. Idempotent. */
  abort(): void
}

export type StreamHeaders = Readonly<Record<string, string>>

/** One of the numbered streams of a connection. */
export interface ByteStream extends BytePipe {
  readonly id: number
  /** Names in lower case. */
  readonly headers: StreamHeaders
}

/** Numbered streams over one upgraded connection. */
export interface StreamConnection {
  /**
   * Resolves when the peer has accepted the stream. Rejects with StreamingError: Reset (refused),
   * Timeout, Closed, ConnectionLost.
   */
  open(headers: StreamHeaders): Promise<ByteStream>
  /** The next stream the peer opens, or undefined when no more can come. One call at a time. */
  accept(): Promise<ByteStream | undefined>
  /** Resolves when the connection is over: with nothing after a farewell, else with why. */
  readonly closed: Promise<Error | undefined>
  /** Says farewell: open streams end. Resolves when the connection is over. Idempotent. */
  close(): Promise<void>
  abort(): void
}

/** Reads to the end, but no more than `bytesMax`; what comes beyond is read and dropped. */
export async function readAll(pipe: BytePipe, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let room = bytesMax
  for (;;) {
    const bytes = await pipe.read()
    if (bytes === undefined) return Buffer.concat(chunks)
    const kept = bytes.subarray(0, room)
    if (kept.length > 0) chunks.push(kept)
    room -= kept.length
  }
}
