import { TimeoutError } from './async.ts'
import type { Clock } from './clock.ts'

export interface PollOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly timeoutMs: number
  /** What is waited for, for the error. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks at once and then every `intervalMs` until `ask` gives something else than undefined or
 * false. Rejects with what `ask` throws, with the signal's reason, and after `timeoutMs` with a
 * TimeoutError. For what cannot be watched.
 */
export async function poll<T>(
  options: PollOptions,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const { clock, intervalMs, timeoutMs, what, signal } = options
  const until = clock.elapsed() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    const leftMs = until - clock.elapsed()
    if (leftMs <= 0) throw new TimeoutError(`timed out after ${timeoutMs} ms: ${what}`)
    await clock.sleep(Math.min(intervalMs, leftMs), signal)
  }
}
