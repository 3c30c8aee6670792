import { Backoff, type Clock, type Random } from '#base'
import { hasReason } from '#machinery'

/** client-go's DefaultRetry. */
const conflictAttempts = 5
const conflictBackoff = { initialMs: 10, maxMs: 10, factor: 1, jitter: 0.1 }

/**
 * Makes an attempt again that is refused because the object has changed (reason Conflict), after
 * some 10 ms, 5 attempts in all; then rejects with the last refusal. The attempt reads the object
 * anew each time. Anything else it rejects with is passed on at once.
 */
export async function retryOnConflict<T>(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  attempt: () => Promise<T>,
): Promise<T> {
  const backoff = new Backoff(clock, random, conflictBackoff)
  for (let made = 1; ; made++) {
    try {
      return await attempt()
    } catch (error) {
      if (!hasReason(error, 'Conflict') || made >= conflictAttempts) throw error
    }
    await clock.sleep(backoff.next())
  }
}
