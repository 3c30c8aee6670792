import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { JournalState } from './journal.ts'
import { applicationId, formatVersion, SqliteDatabase, type FileHeader } from './sqlite-database.ts'
import { StoreError } from './store.ts'

export interface OpenDirectory {
  readonly database: SqliteDatabase
  readonly files: DirectoryFiles
  readonly state: JournalState
}

/** The files of a data directory. Nothing else lives in it. */
export interface DirectoryFiles {
  readonly database: string
  readonly log: string
  /** Bytes that are given up when the disk is full, so that deletions still fit. */
  readonly reserve: string
}

/**
 * Opens the database of a data directory and locks it, or makes a new one where the directory is
 * empty or absent. A file is made beside its place and put there whole, so that a start that fails
 * leaves nothing half-made.
 */
export function openDirectory(dir: string, reserveBytes: number): OpenDirectory {
  const files = filesOf(dir)
  return guarded(dir, () =>
    inDirectory(dir, () => {
      if (!exists(files.database)) createIn(dir, () => {})
      const database = SqliteDatabase.open(files.database, (header) => checkHeader(dir, header))
      try {
        removeHalfMade(dir)
        // On a disk without room for it, the store opens and finds out with its first write.
        fillReserve(files.reserve, reserveBytes)
        return { database, files, state: database.state() }
      } catch (error) {
        database.close()
        throw error
      }
    }),
  )
}

/** Makes the database of an empty or absent directory, with the content that `fill` writes. */
export function createDirectory(dir: string, fill: (database: SqliteDatabase) => void): void {
  guarded(dir, () =>
    inDirectory(dir, () => {
      if (exists(filesOf(dir).database)) throw unusable(dir, 'holds a store already', anotherOne)
      createIn(dir, fill)
    }),
  )
}

/** Makes the directory where it is absent, and removes it again when `work` fails. */
function inDirectory<T>(dir: string, work: () => T): T {
  const made = mkdirSync(dir, { recursive: true, mode: 0o700 })
  try {
    return work()
  } catch (error) {
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
    throw error
  }
}

/** Writes the reserve, unless it is there. False when it does not fit. */
export function fillReserve(path: string, bytes: number): boolean {
  if (exists(path) && statSync(path).size === bytes) return true
  const file = openSync(path, 'w', 0o600)
  try {
    const chunk = new Uint8Array(Math.min(bytes, 1 << 20))
    for (let at = 0; at < bytes; at += chunk.byteLength) {
      const length = Math.min(chunk.byteLength, bytes - at)
      if (writeSync(file, chunk, 0, length) < length) throw noSpace
    }
    fsyncSync(file)
    return true
  } catch (error) {
    rmSync(path, { force: true })
    if (error === noSpace || codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') return false
    throw error
  } finally {
    closeSync(file)
  }
}

const noSpace = new Error('a write came out short')

export function syncDirectory(dir: string): void {
  const directory = openSync(dir, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function filesOf(dir: string): DirectoryFiles {
  const database = join(dir, 'store.db')
  return { database, log: `${database}-wal`, reserve: join(dir, 'reserve') }
}

const halfMade = /^store\.db\.new-/
const expectedEntries = /^(store\.db.*|reserve|lost\+found)$/
const anotherOne = 'name another directory'

function createIn(dir: string, fill: (database: SqliteDatabase) => void): void {
  const stranger = readdirSync(dir).find((entry) => !expectedEntries.test(entry))
  if (stranger !== undefined) {
    throw unusable(dir, `holds something else (${stranger})`, 'name an empty directory')
  }
  const { database, log } = filesOf(dir)
  // A log without its database is the rest of one that somebody removed.
  if (exists(log)) throw unusable(dir, 'holds only a part of a store', 'restore a snapshot')
  const path = `${database}.new-${process.pid}`
  try {
    const made = SqliteDatabase.create(path)
    try {
      // It will hold Secrets; SQLite gives its log the same mode.
      chmodSync(path, 0o600)
      fill(made)
    } finally {
      made.close()
    }
    // Unlike a rename, a link fails when somebody else was faster.
    try {
      linkSync(path, database)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      throw unusable(dir, 'was just taken by another process', anotherOne, error)
    }
    syncDirectory(dir)
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
  }
}

function removeHalfMade(dir: string): void {
  for (const entry of readdirSync(dir)) {
    if (halfMade.test(entry)) rmSync(join(dir, entry), { force: true })
  }
}

function checkHeader(dir: string, header: FileHeader): void {
  if (header.applicationId !== applicationId) {
    throw unusable(dir, 'holds a store.db that k8ts did not make', anotherOne)
  }
  if (header.formatVersion > formatVersion) {
    throw unusable(dir, 'was written by a newer k8ts', 'use that one, or name another directory')
  }
  if (header.formatVersion < 1) throw damaged(dir)
}

/** Turns what the system or SQLite says into a sentence that names the directory. */
function guarded<T>(dir: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw error instanceof StoreError ? error : (explain(dir, error) ?? otherwise(dir, error))
  }
}

function explain(dir: string, error: unknown): StoreError | undefined {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return unusable(dir, 'cannot be written', 'give this user the right to it', error)
    case 'ENOTDIR':
    case 'EEXIST':
      return unusable(dir, 'is not a directory', anotherOne, error)
    case 'ENOSPC':
    case 'EDQUOT':
      return unusable(dir, 'has no space left', 'make room', error)
    default:
  }
  switch (sqliteCode(error)) {
    case sqlite.busy:
    case sqlite.locked:
      return unusable(dir, 'is in use by another process', `stop it, or ${anotherOne}`, error)
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return damaged(dir, error)
    case sqlite.full:
      return unusable(dir, 'has no space left', 'make room', error)
    case sqlite.cannotOpen:
    case sqlite.readOnly:
    case sqlite.permission:
      return unusable(dir, 'cannot be written', 'give this user the right to it', error)
    default:
      return undefined
  }
}

function otherwise(dir: string, error: unknown): StoreError {
  const what = error instanceof Error ? error.message : String(error)
  return unusable(dir, `cannot be opened (${what})`, `repair it, or ${anotherOne}`, error)
}

export function damaged(dir: string, cause?: unknown): StoreError {
  const remedy = 'restore a snapshot into an empty directory'
  return unusable(dir, 'holds a damaged store', remedy, cause)
}

function unusable(dir: string, what: string, remedy: string, cause?: unknown): StoreError {
  return new StoreError('Unusable', `data directory ${dir} ${what}: ${remedy}`, { cause })
}

/** Primary result codes of SQLite. */
export const sqlite = {
  permission: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

/** The primary result code of an error from node:sqlite; 0 where it is none. */
export function sqliteCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : 0
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
