import { rmSync, statfsSync, statSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import {
  damaged,
  fillReserve,
  openDirectory,
  sqlite,
  sqliteCode,
  type OpenDirectory,
} from './data-directory.ts'
import type { CompactSlice, JournalUsage, RangePage, ReadChanges, ReadRange } from './journal.ts'
import type { AppendRows } from './sqlite-database.ts'
import { StoreError, type KeyValue, type StoreEvent } from './store.ts'

/**
 * The thread that owns the database: answers one call after the other. It runs in a worker, so
 * that a sync of the disk stops nobody.
 */
export interface WorkerOptions {
  readonly dir: string
  readonly reserveBytes: number
  readonly checkpointBytes: number
  /** One counter in shared memory: the caller adds to it after each call that it posts. */
  readonly posted: Int32Array<SharedArrayBuffer>
}

export type WorkerCalls = ReturnType<typeof callsOf>
export type WorkerMethod = keyof WorkerCalls

export interface WorkerRequest {
  readonly id: number
  readonly method: WorkerMethod
  readonly argument: unknown
}

export interface WorkerReply {
  readonly id: number
  readonly result?: unknown
  readonly failure?: WorkerFailure
}

export interface WorkerFailure {
  readonly reason: 'NoSpace' | 'Unusable' | undefined
  readonly message: string
}

function callsOf(options: WorkerOptions) {
  let opened: OpenDirectory | undefined
  let unwritten = 0
  const directory = (): OpenDirectory => {
    if (opened === undefined) throw new Error('the database is not open')
    return opened
  }
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(options.dir)
    return bavail * bsize
  }
  /** For the reserve and as much again: with less, the next puts would find the disk full again. */
  const hasRoom = () => freeBytes() >= 2 * options.reserveBytes
  /**
   * The log goes on holding what the file has no room for. To try would use up the room that is
   * left, which deletions need.
   */
  const emptyLogBy = (empty: () => void) => {
    const { database, files } = directory()
    if (database.fileBytes() - statSync(files.database).size > freeBytes()) return
    try {
      empty()
    } catch (error) {
      if (sqliteCode(error) !== sqlite.full) throw error
    }
  }
  const checkpoint = () => {
    emptyLogBy(() => directory().database.checkpoint())
    unwritten = 0
  }
  return {
    open() {
      opened = openDirectory(options.dir, options.reserveBytes)
      return opened.state
    },
    append(rows: AppendRows) {
      try {
        directory().database.append(rows)
      } catch (error) {
        if (sqliteCode(error) === sqlite.full) rmSync(directory().files.reserve, { force: true })
        throw error
      }
      for (const [, key, , , , , value] of rows.changes) {
        unwritten += rowBytes + 2 * key.length + (value?.byteLength ?? 0)
      }
    },
    readRange: (request: ReadRange): RangePage => directory().database.readRange(request),
    readChanges: (request: ReadChanges) => directory().database.readChanges(request),
    revisionAt: (timeMs: number) => directory().database.revisionAt(timeMs),
    compactSlice(request: CompactSlice) {
      const { database } = directory()
      const slice = database.compactSlice(request)
      database.shrinkSlice()
      unwritten += rowBytes * request.limit
      return slice
    },
    usage(): JournalUsage {
      const { database, files } = directory()
      const sizes = [files.database, files.log].map(
        (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
      )
      const fileBytes = sizes.reduce((sum, size) => sum + size, 0)
      return { storedBytes: database.usedBytes(), fileBytes }
    },
    reclaim() {
      const { database, files } = directory()
      if (!hasRoom()) {
        // Pages first: what is cut off the file needs no room in it when the log is emptied.
        try {
          database.shrink()
        } catch (error) {
          if (sqliteCode(error) !== sqlite.full) throw error
        }
        emptyLogBy(() => database.emptyLog())
      }
      return hasRoom() && fillReserve(files.reserve, options.reserveBytes)
    },
    /** Asked for when nothing is written; by itself the thread checkpoints only what is much. */
    checkpoint() {
      if (unwritten >= options.checkpointBytes / 16) checkpoint()
    },
    checkpointIfMuch() {
      if (unwritten >= options.checkpointBytes) checkpoint()
    },
    close() {
      opened?.database.close()
      opened = undefined
    },
  }
}

/** About what a change costs in the log besides its key and value. */
const rowBytes = 100

/** Calls take one argument of their own type; `sqlite-journal.ts` is the only caller. */
type AnyCall = (argument: unknown) => unknown

function serve(): void {
  const port = parentPort
  if (port === null) throw new Error('this module runs in a worker')
  const options = workerData as WorkerOptions
  const calls = callsOf(options)
  const answer = ({ id, method, argument }: WorkerRequest) => {
    let result: unknown
    try {
      result = (calls[method] as AnyCall)(argument)
    } catch (error) {
      port.postMessage({ id, failure: failureOf(options.dir, error) } satisfies WorkerReply)
      return
    }
    port.postMessage({ id, result } satisfies WorkerReply, transferable(method, result))
    // The answer is on its way already. What is thrown here ends the thread, and so the store.
    if (method === 'append') calls.checkpointIfMuch()
  }
  // Not an event listener: to sleep on the counter instead of in the event loop takes tens of
  // microseconds off each commit, a fifth of it when one client writes at a time.
  for (;;) {
    const posted = Atomics.load(options.posted, 0)
    const received = receiveMessageOnPort(port)
    if (received === undefined) {
      Atomics.wait(options.posted, 0, posted)
      continue
    }
    const request = received.message as WorkerRequest
    answer(request)
    if (request.method === 'close') return
  }
}

/** The bytes of records that were read move to the other thread instead of being copied. */
function transferable(method: WorkerMethod, result: unknown): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  const add = (record: KeyValue | undefined) => {
    if (record === undefined || record.value.byteLength === 0) return
    if (record.value.buffer instanceof ArrayBuffer) buffers.push(record.value.buffer)
  }
  if (method === 'readRange') (result as RangePage).records.forEach(add)
  if (method === 'readChanges') {
    const { batches } = result as { batches: readonly { events: readonly StoreEvent[] }[] }
    for (const event of batches.flatMap((batch) => batch.events)) {
      if (event.type === 'put') add(event.record)
      add(event.previous)
    }
  }
  return buffers
}

function failureOf(dir: string, error: unknown): WorkerFailure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof StoreError && error.reason === 'Unusable') {
    return { reason: 'Unusable', message }
  }
  switch (sqliteCode(error)) {
    case sqlite.full:
      return { reason: 'NoSpace', message }
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return { reason: 'Unusable', message: damaged(dir).message }
    default:
      return { reason: undefined, message }
  }
}

serve()
