import type { Clock } from './clock.ts'

/** A promise with its two ends in hand. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(reason: Error): void
}

export function deferred<T>(): Deferred<T> {
  return Promise.withResolvers<T>()
}

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * Waits for `work` at most `limitMs`; then rejects with a TimeoutError that names `what`. The work
 * itself is not stopped: pass it a signal of its own where it can be.
 */
export function withTimeout<T>(
  clock: Clock,
  work: Promise<T>,
  limitMs: number,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.timer(limitMs, () =>
      reject(new TimeoutError(`timed out after ${limitMs} ms: ${what}`)),
    )
    work.then(
      (value) => {
        timer.cancel()
        resolve(value)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error)
      },
    )
  })
}
