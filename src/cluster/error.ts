/** A cluster that cannot be started or reached. The message is a sentence for the user. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
}

/** Of a system error: ENOENT and the like. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
