import { asError } from '#base'
import { KubeconfigError } from '#client'
import { PkiError } from '#pki'
import { StoreError } from '#store'

/** A cluster that cannot be started or reached. The message is a sentence for the user. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
}

/** What went wrong in one of the rooms below as a sentence, or undefined where it is a bug. */
export function asClusterError(error: unknown, dataDir: string): ClusterError | undefined {
  if (error instanceof ClusterError) return error
  const told =
    error instanceof StoreError || error instanceof PkiError || error instanceof KubeconfigError
  // A full disk says so on whichever file it met first.
  const what = systemError(error) ?? (error instanceof Error ? systemError(error.cause) : undefined)
  if (what !== undefined && !told) {
    return new ClusterError(`data directory ${dataDir} ${what}`, { cause: error })
  }
  return told ? new ClusterError(asError(error).message, { cause: error }) : undefined
}

function systemError(error: unknown): string | undefined {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'has no space left: make room'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'cannot be written: give this user the right to it, or name another directory'
    case 'ENOTDIR':
    case 'EEXIST':
      return 'is not a directory: name another one'
    default:
      return undefined
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
