import type { BytePipe } from './byte-pipe.ts'

/**
 * Copies bytes from one pipe to another until the first ends, then ends the other. No faster than
 * the slower of the two, holding one piece at a time. When one breaks, both are given up, and it
 * rejects with why.
 */
export async function pump(from: BytePipe, to: BytePipe): Promise<void> {
  try {
    for (;;) {
      const bytes = await from.read()
      if (bytes === undefined) return await to.end()
      await to.write(bytes)
    }
  } catch (error) {
    from.abort()
    to.abort()
    throw error
  }
}

/** Joins two pipes in both directions; each direction ends by itself. */
export async function join(one: BytePipe, other: BytePipe): Promise<void> {
  const ways = await Promise.allSettled([pump(one, other), pump(other, one)])
  for (const way of ways) if (way.status === 'rejected') throw way.reason
}
