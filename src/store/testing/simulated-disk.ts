import type { Clock, Random } from '#base'
import type { Journal, JournalBatch, JournalState } from '../journal.ts'
import { MemoryJournal } from '../memory-journal.ts'
import { StoreError } from '../store.ts'

export interface SimulatedDiskOptions {
  readonly clock: Clock
  readonly random: Random
  /** Each append takes a random time up to this. */
  readonly latencyMaxMs: number
}

/**
 * A disk for the engine's journal that is slow, breaks, fills up, and at a crash loses what was
 * not synced. What it holds outlives the journals opened on it, one at a time.
 */
export class SimulatedDisk {
  readonly #options: SimulatedDiskOptions
  readonly #durable = new MemoryJournal()
  #open: SimulatedJournal | undefined
  #freeBytes = Infinity
  #broken: Error | undefined

  constructor(options: SimulatedDiskOptions) {
    this.#options = options
  }

  /** Opens the journal, as a process would at its start. The one before must be closed or crashed. */
  journal(): Journal {
    return (this.#open = new SimulatedJournal(this, this.#durable, this.#options))
  }

  /**
   * Ends the open journal as a power cut does: its pending calls never resolve, and of an append in
   * flight either all or nothing is there afterwards.
   */
  crash(): void {
    this.#open?.crash()
  }

  /** The disk has room for this many more bytes of values. */
  set freeBytes(bytes: number) {
    this.#freeBytes = bytes
  }

  /** From now on each write fails with this error, and whether it reached the disk is chance. */
  breakWith(error: Error): void {
    this.#broken = error
  }

  /** For the journal: what a write that takes place now comes to. */
  write(bytes: number): 'done' | 'full' | Error {
    if (this.#broken !== undefined) return this.#broken
    if (bytes > this.#freeBytes) return 'full'
    this.#freeBytes -= bytes
    return 'done'
  }

  /** For the journal: whether there is room for puts again. */
  get hasSpace(): boolean {
    return this.#freeBytes > 0
  }
}

class SimulatedJournal implements Journal {
  readonly #disk: SimulatedDisk
  readonly #durable: MemoryJournal
  readonly #options: SimulatedDiskOptions
  #inFlight: JournalBatch | undefined
  #crashed = false

  constructor(disk: SimulatedDisk, durable: MemoryJournal, options: SimulatedDiskOptions) {
    this.#disk = disk
    this.#durable = durable
    this.#options = options
  }

  readonly records: Journal['records'] = () => this.#durable.records()
  readonly readRange: Journal['readRange'] = (request) =>
    this.#alive(() => this.#durable.readRange(request))
  readonly readChanges: Journal['readChanges'] = (request) =>
    this.#alive(() => this.#durable.readChanges(request))
  readonly revisionAt: Journal['revisionAt'] = (at) =>
    this.#alive(() => this.#durable.revisionAt(at))
  readonly compactSlice: Journal['compactSlice'] = (request) =>
    this.#alive(() => this.#durable.compactSlice(request))
  readonly usage: Journal['usage'] = () => this.#alive(() => this.#durable.usage())
  readonly reclaim: Journal['reclaim'] = () => this.#alive(async () => this.#disk.hasSpace)

  open(): Promise<JournalState> {
    return this.#durable.open()
  }

  append(batch: JournalBatch): Promise<void> {
    this.#inFlight = batch
    return this.#alive(async () => {
      const outcome = this.#disk.write(bytesOf(batch))
      this.#inFlight = undefined
      if (outcome === 'full') throw new StoreError('NoSpace', 'the simulated disk is full')
      if (outcome === 'done') return this.#durable.append(batch)
      await this.#appendPerhaps(batch)
      throw outcome
    })
  }

  crash(): void {
    this.#crashed = true
    const batch = this.#inFlight
    this.#inFlight = undefined
    // A memory journal takes a batch in synchronously, so the next `open` finds it or does not.
    if (batch !== undefined) void this.#appendPerhaps(batch)
  }

  async close(): Promise<void> {
    this.#crashed = true
  }

  async #appendPerhaps(batch: JournalBatch): Promise<void> {
    if (this.#options.random.integer(2) === 0) await this.#durable.append(batch)
  }

  /** After some time, unless there was a crash meanwhile: then never. */
  async #alive<T>(work: () => Promise<T>): Promise<T> {
    const { clock, random, latencyMaxMs } = this.#options
    const waiting = Promise.withResolvers<T>()
    const run = () => {
      if (this.#crashed) return
      waiting.resolve(work())
    }
    if (latencyMaxMs === 0) queueMicrotask(run)
    else clock.timer(random.fraction() * latencyMaxMs, run)
    return waiting.promise
  }
}

/** Deletions take no space here, as they live on the reserve that a real disk keeps for them. */
function bytesOf(batch: JournalBatch): number {
  let bytes = 0
  for (const { events } of batch.transactions) {
    for (const event of events) if (event.type === 'put') bytes += event.record.value.byteLength
  }
  return bytes
}
