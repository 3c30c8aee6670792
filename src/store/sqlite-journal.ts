import { Worker } from 'node:worker_threads'
import { asError, type Clock, type Deferred, type Timer } from '#base'
import type {
  CompactSlice,
  Journal,
  JournalBatch,
  JournalState,
  ReadChanges,
  ReadRange,
} from './journal.ts'
import { everything } from './key-range.ts'
import * as limits from './limits.ts'
import { changeRow, type AppendRows } from './sqlite-database.ts'
import type {
  WorkerCalls,
  WorkerFailure,
  WorkerMethod,
  WorkerOptions,
  WorkerReply,
  WorkerRequest,
} from './sqlite-worker.ts'
import { StoreError, type KeyValue, type LeaseId, type Revision } from './store.ts'

export interface SqliteJournalOptions {
  readonly dir: string
  readonly clock: Clock
  readonly reserveBytes?: number
}

/**
 * The journal on disk: SQLite in a worker thread, one transaction per batch, durable at its commit
 * (`synchronous=FULL`). Checkpoints are made by hand, between batches, preferably when nothing is
 * written.
 */
export class SqliteJournal implements Journal {
  readonly #options: SqliteJournalOptions
  readonly #posted = new Int32Array(new SharedArrayBuffer(4))
  readonly #calls = new Map<number, Deferred<unknown>>()
  #worker: Worker | undefined
  #lastCall = 0
  /** Set when the journal cannot be used any more. */
  #failure: Error | undefined
  #onFailure: (error: Error) => void = () => {}
  #lastAppendAt = 0
  #idleTimer: Timer | undefined

  constructor(options: SqliteJournalOptions) {
    this.#options = options
  }

  async open(onFailure: (error: Error) => void): Promise<JournalState> {
    this.#onFailure = onFailure
    const options: WorkerOptions = {
      dir: this.#options.dir,
      reserveBytes: this.#options.reserveBytes ?? limits.reserveBytes,
      checkpointBytes: limits.checkpointBytes,
      posted: this.#posted,
    }
    // The compiler rewrites imports from .ts to .js, but not this name.
    const file = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: options,
      // The thread's modules import nothing that needs the flags of this process.
      execArgv: [],
    })
    worker.on('message', (reply: WorkerReply) => this.#settle(reply))
    worker.on('error', (error) => this.#fail(asError(error)))
    worker.on('exit', () => this.#fail(new Error('the journal’s thread ended')))
    this.#worker = worker
    return this.#call('open', undefined)
  }

  async *records(): AsyncGenerator<readonly KeyValue[], undefined> {
    let start: string | undefined = everything.start
    const newest = Number.MAX_SAFE_INTEGER
    while (start !== undefined) {
      const page: Awaited<ReturnType<Journal['readRange']>> = await this.readRange({
        start,
        end: everything.end,
        revision: newest,
        limit: limits.loadSlice,
        countOnly: false,
      })
      yield page.records
      start = page.next
    }
  }

  async append(batch: JournalBatch): Promise<void> {
    await this.#call('append', rowsOf(batch))
    this.#lastAppendAt = this.#options.clock.elapsed()
    this.#checkpointWhenIdle()
  }

  readRange(request: ReadRange) {
    return this.#call('readRange', request)
  }

  readChanges(request: ReadChanges) {
    return this.#call('readChanges', request)
  }

  revisionAt(timeMs: number): Promise<Revision> {
    return this.#call('revisionAt', timeMs)
  }

  compactSlice(request: CompactSlice) {
    return this.#call('compactSlice', request)
  }

  usage() {
    return this.#call('usage', undefined)
  }

  reclaim(): Promise<boolean> {
    return this.#call('reclaim', undefined)
  }

  async close(): Promise<void> {
    this.#idleTimer?.cancel()
    const worker = this.#worker
    if (worker === undefined) return
    this.#worker = undefined
    if (this.#failure === undefined) await this.#post(worker, 'close', undefined).catch(() => {})
    await worker.terminate()
  }

  #call<M extends WorkerMethod>(
    method: M,
    argument: Parameters<WorkerCalls[M]>[0],
  ): Promise<ReturnType<WorkerCalls[M]>> {
    if (this.#worker === undefined) return Promise.reject(new Error('the journal is closed'))
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return this.#post(this.#worker, method, argument)
  }

  #post<M extends WorkerMethod>(
    worker: Worker,
    method: M,
    argument: unknown,
  ): Promise<ReturnType<WorkerCalls[M]>> {
    const waiting = Promise.withResolvers<ReturnType<WorkerCalls[M]>>()
    const id = ++this.#lastCall
    this.#calls.set(id, waiting)
    // The thread alone does not keep the process alive; an answer that is waited for does.
    if (this.#calls.size === 1) worker.ref()
    worker.postMessage({ id, method, argument } satisfies WorkerRequest, [])
    Atomics.add(this.#posted, 0, 1)
    Atomics.notify(this.#posted, 0)
    return waiting.promise
  }

  #settle(reply: WorkerReply): void {
    const call = this.#calls.get(reply.id)
    this.#calls.delete(reply.id)
    if (this.#calls.size === 0) this.#worker?.unref()
    if (reply.failure === undefined) call?.resolve(reply.result)
    else call?.reject(errorOf(reply.failure))
  }

  #fail(error: Error): void {
    if (this.#failure === undefined) {
      this.#failure = error
      if (this.#worker !== undefined) this.#onFailure(error)
    }
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) call.reject(error)
  }

  async #checkpoint(): Promise<void> {
    try {
      await this.#call('checkpoint', undefined)
    } catch (error) {
      this.#fail(asError(error))
    }
  }

  #checkpointWhenIdle(): void {
    if (this.#idleTimer !== undefined) return
    const { clock } = this.#options
    const look = () => {
      this.#idleTimer = undefined
      const idleMs = clock.elapsed() - this.#lastAppendAt
      if (idleMs < limits.checkpointIdleMs) this.#checkpointWhenIdle()
      else void this.#checkpoint()
    }
    this.#idleTimer = clock.timer(limits.checkpointIdleMs, look, { unref: true })
  }
}

function rowsOf(batch: JournalBatch): AppendRows {
  const granted: AppendRows['granted'][number][] = []
  const revoked: LeaseId[] = []
  for (const change of batch.leases) {
    if (change.type === 'revoke') revoked.push(change.id)
    else granted.push({ id: change.id, ttlSeconds: change.ttlSeconds })
  }
  const changes = batch.transactions.flatMap(({ revision, events }) =>
    events.map((event, index) => changeRow(revision, index, event)),
  )
  return { at: batch.at, changes, granted, revoked }
}

function errorOf({ reason, message }: WorkerFailure): Error {
  if (reason === undefined) return new Error(message)
  if (reason === 'NoSpace') {
    return new StoreError('NoSpace', 'the disk of the store is full, writes are refused')
  }
  return new StoreError(reason, message)
}
