import { errors, type Status } from '#machinery'
import { limits } from '../limits.ts'
import type { ByteSink, WatchAnswer, WatchEvent } from '../request.ts'

/** How the events of a watch become bytes. */
export interface Framing {
  events(events: readonly WatchEvent[]): Uint8Array
  error(status: Status): Uint8Array
}

/**
 * Writes a watch to its peer, in portions: the state it begins with may be large, and is written as
 * the peer takes it. Who does not read is let go: it resumes from the last version it has.
 */
export function openStream(
  answer: WatchAnswer,
  sink: ByteSink,
  framing: Framing,
): { close(): void } {
  let open = true
  let handle: { close(): void } | undefined
  /** What has not been written yet, in order; while there is any, the sink is being waited for. */
  const waiting: (readonly WatchEvent[])[] = []
  let waitingEvents = 0
  let waitingEventsMax: number = limits.watchWaitingEventsMax
  let last: { readonly error: Status | undefined } | undefined
  const close = () => {
    open = false
    handle?.close()
  }
  const cutOff = () => {
    close()
    sink.end()
  }
  /** False when the next portion has to wait. */
  const write = (events: readonly WatchEvent[]): boolean => {
    const bytes = sink.pendingBytes > limits.watchBufferBytesMax ? undefined : framed(events)
    if (bytes !== undefined) return sink.write(bytes)
    cutOff()
    return false
  }
  const goOn = () => {
    for (let portion = waiting.shift(); portion !== undefined; portion = waiting.shift()) {
      waitingEvents -= portion.length
      if (!write(portion)) break
    }
    if (!open) return
    if (waiting.length > 0) sink.whenTaken(goOn)
    else if (last !== undefined) finish(last.error)
  }
  const finish = (error: Status | undefined) => {
    open = false
    if (error !== undefined) sink.write(framing.error(error))
    sink.end()
  }
  const opened = answer.open({
    events(events) {
      if (!open) return
      const idle = waiting.length === 0
      const portions = portionsOf(events)
      if (idle && portions.length === 1) return void write(events)
      waiting.push(...portions)
      waitingEvents += events.length
      // Nobody can have read what is handed over while the stream opens: the state it begins with.
      if (handle === undefined) waitingEventsMax += events.length
      if (waitingEvents > waitingEventsMax) cutOff()
      else if (idle) goOn()
    },
    end(error) {
      if (!open) return
      if (waiting.length === 0) finish(error)
      else last = { error }
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

/** Parts of one delivery; the same ones for all who get it, so that their bytes are made once. */
function portionsOf(events: readonly WatchEvent[]): readonly (readonly WatchEvent[])[] {
  if (events.length <= limits.watchPortionEvents) return [events]
  const known = portions.get(events)
  if (known !== undefined) return known
  const made: (readonly WatchEvent[])[] = []
  for (let at = 0; at < events.length; at += limits.watchPortionEvents) {
    made.push(events.slice(at, at + limits.watchPortionEvents))
  }
  portions.set(events, made)
  return made
}

const portions = new WeakMap<readonly WatchEvent[], readonly (readonly WatchEvent[])[]>()
