import type { Clock, Log } from '#base'

/** By then a process that has started has made what it makes at first. */
const afterMs = 10_000
/** Looking through more takes long enough to be noticed. */
const heapBytesMax = 96 << 20

/**
 * Gives back the memory that starting took, once, in a while. The engine does so only after it has
 * collected all, which in a process that has little to do takes hours. Needs node's --expose-gc;
 * without it nothing happens.
 */
export function tidyUpLater(clock: Clock, log: Log): Disposable {
  const timer = clock.timer(afterMs, () => tidyUp(log), { unref: true })
  return { [Symbol.dispose]: () => timer.cancel() }
}

function tidyUp(log: Log): void {
  const { heapTotal } = process.memoryUsage()
  if (globalThis.gc === undefined || heapTotal > heapBytesMax) return
  // Of all kinds, this is the one that lets go of empty pages.
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const after = process.memoryUsage().heapTotal
  log.debug('gave back what the start took', { before: heapTotal, after })
}
