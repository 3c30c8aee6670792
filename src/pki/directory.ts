import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PkiError } from './error.ts'

/** Where a PKI is kept: named texts, each replaced as a whole or not at all. */
export interface PkiDirectory {
  /** How error messages call the file. */
  pathOf(name: string): string
  /** Undefined when there is no such file. */
  read(name: string): string | undefined
  /** Durable when it returns. A secret is readable by its owner only. */
  write(name: string, text: string, kind: 'secret' | 'public'): void
  /** Does nothing where there is no such file. */
  remove(name: string): void
}

/** A directory on disk, made when absent. Failures are of reason `Unusable` and name the file. */
export function pkiDirectory(path: string): PkiDirectory {
  const pathOf = (name: string) => join(path, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return {
    pathOf,
    read(name) {
      try {
        return readFileSync(pathOf(name), 'utf8')
      } catch (error) {
        if (isMissing(error)) return undefined
        throw new PkiError('Unusable', `${pathOf(name)} cannot be read`, { cause: error })
      }
    },
    write(name, text, kind) {
      const temporary = `${pathOf(name)}.tmp`
      try {
        const file = openSync(temporary, 'w', kind === 'secret' ? 0o600 : 0o644)
        try {
          writeFileSync(file, text)
          fsyncSync(file)
        } finally {
          closeSync(file)
        }
        renameSync(temporary, pathOf(name))
      } catch (error) {
        throw new PkiError('Unusable', `${pathOf(name)} cannot be written`, { cause: error })
      }
    },
    remove(name) {
      try {
        rmSync(pathOf(name), { force: true })
      } catch (error) {
        throw new PkiError('Unusable', `${pathOf(name)} cannot be removed`, { cause: error })
      }
    },
  }
}

/** The test twin: nothing outlives the process. */
export function memoryDirectory(): PkiDirectory {
  const files = new Map<string, string>()
  return {
    pathOf: (name) => name,
    read: (name) => files.get(name),
    write(name, text) {
      files.set(name, text)
    },
    remove(name) {
      files.delete(name)
    },
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
