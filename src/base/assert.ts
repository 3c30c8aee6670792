/**
 * A broken invariant: a programmer's error, never a user's. It stops the process or the one
 * work item that ran into it; nobody catches it to carry on with the state that broke.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Stays on in production. One fact per assert; the message says the fact that must hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** Closes a switch over a union: the type checker proves no case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${JSON.stringify(value)}`)
}

/** Narrows away undefined and null where the surrounding code has established presence. */
export function must<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message)
  return value
}
