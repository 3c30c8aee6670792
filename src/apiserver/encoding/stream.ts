import type { Status } from '#machinery'
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
  const close = () => {
    open = false
    handle.close()
  }
  const handle = answer.open({
    events(events) {
      if (!open) return
      sink.write(framing.events(events))
      if (sink.pendingBytes > limits.watchBufferBytesMax) {
        close()
        sink.end()
      }
    },
    end(error) {
      if (!open) return
      open = false
      if (error !== undefined) sink.write(framing.error(error))
      sink.end()
    },
  })
  return { close }
}
