import { errors, type Status } from '#machinery'
import { limits } from '../limits.ts'
import type { ByteSink, WatchAnswer, WatchEvent } from '../request.ts'

/** How the events of a watch become bytes. */
export interface Framing {
  events(events: readonly WatchEvent[]): Uint8Array
  error(status: Status): Uint8Array
}

/** Writes a watch to its peer. Who does not read is let go: it resumes from the last version it has. */
export function openStream(
  answer: WatchAnswer,
  sink: ByteSink,
  framing: Framing,
): { close(): void } {
  let open = true
  let handle: { close(): void } | undefined
  // Nobody can have read what is written while the stream opens: the state it begins with.
  let pendingBytesMax: number = limits.watchBufferBytesMax
  const close = () => {
    open = false
    handle?.close()
  }
  const cutOff = () => {
    close()
    sink.end()
  }
  const opened = answer.open({
    events(events) {
      if (!open) return
      const bytes = framed(events)
      if (bytes === undefined) return cutOff()
      sink.write(bytes)
      if (handle === undefined) pendingBytesMax += bytes.length
      else if (sink.pendingBytes > pendingBytesMax) cutOff()
    },
    end(error) {
      if (!open) return
      open = false
      if (error !== undefined) sink.write(framing.error(error))
      sink.end()
    },
  })
  handle = opened
  if (!open) opened.close()
  return { close }

  /** An event that cannot be written ends its own stream and nothing else. */
  function framed(events: readonly WatchEvent[]): Uint8Array | undefined {
    try {
      return framing.events(events)
    } catch (error) {
      sink.write(framing.error(errors.internalError(error).status))
      return undefined
    }
  }
}
