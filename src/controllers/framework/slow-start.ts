import { asError } from '#base'

/** The first batch: a mistake in a template costs one failed call, not hundreds. */
const initialBatch = 1

export interface SlowStart {
  /** How often `attempt` was called, and how often it succeeded. */
  readonly attempts: number
  readonly successes: number
  /** Of the batch with which it ended before `count` was reached. */
  readonly error?: Error
}

/** Attempts something `count` times, in batches that double as long as everything succeeds. */
export async function slowStart(count: number, attempt: () => Promise<void>): Promise<SlowStart> {
  let attempts = 0
  let successes = 0
  let batch = initialBatch
  while (attempts < count) {
    const size = Math.min(batch, count - attempts)
    const results = await Promise.allSettled(Array.from({ length: size }, attempt))
    attempts += size
    const failures = results.filter((result) => result.status === 'rejected')
    successes += size - failures.length
    const [failure] = failures
    if (failure !== undefined) return { attempts, successes, error: asError(failure.reason) }
    batch *= 2
  }
  return { attempts, successes }
}
