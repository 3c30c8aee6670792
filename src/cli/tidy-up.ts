import type { Clock, Log } from '#base'

/** By then a process that has started has made what it makes at first. */
const afterMs = 10_000
/** Looking through more takes long enough to be noticed. */
const heapBytesMax = 256 << 20

/**
 * Gives back the memory that starting took, once, for a pause of about a tenth of a second. The engine
 * does so by itself only after it has collected all, which in a process that has little to do takes
 * hours. Needs node's --expose-gc; without it nothing happens.
 */
export function tidyUpLater(clock: Clock, log: Log): Disposable {
  const timer = clock.timer(afterMs, () => tidyUp(log), { unref: true })
  return { [Symbol.dispose]: () => timer.cancel() }
}

function tidyUp(log: Log): void {
  const { heapTotal } = process.memoryUsage()
  if (globalThis.gc === undefined || heapTotal > heapBytesMax) return
  // The only kind that also lets go of what the young objects' space has grown to.
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  log.debug('collected what the start has left', { heapTotal })
}
