import { statfsSync } from 'node:fs'
import { asError } from '#base'
import { KubeconfigError } from '#client'
import { PkiError } from '#pki'
import { StoreError } from '#store'
import { ClusterError, codeOf } from './error.ts'

/** What went wrong in one of the rooms below as a sentence, or undefined where it is a bug. */
export function asClusterError(error: unknown, dataDir: string): ClusterError | undefined {
  if (error instanceof ClusterError) return error
  const told =
    error instanceof StoreError || error instanceof PkiError || error instanceof KubeconfigError
  const code = codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : undefined)
  // A full disk says so in many ways, depending on which file met it first.
  const full = code === 'ENOSPC' || code === 'EDQUOT' || (told && isFull(dataDir))
  const what = full ? 'has no space left: make room' : systemError(code)
  if (what !== undefined && (full || !told)) {
    return new ClusterError(`data directory ${dataDir} ${what}`, { cause: error })
  }
  return told ? new ClusterError(asError(error).message, { cause: error }) : undefined
}

const emptyBytes = 128 << 10

/** Whether next to nothing can be written where the directory is. */
function isFull(dataDir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dataDir)
    return bavail * bsize < emptyBytes
  } catch {
    return false
  }
}

function systemError(code: unknown): string | undefined {
  switch (code) {
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
