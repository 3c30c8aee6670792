import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '#base'
import { DirectoryChanges } from './directory-changes.ts'
import { lineBytesMax, settleMs } from './limits.ts'
import { LineSplitter } from './line-splitter.ts'
import { chunksOf, closeAll, openFile, openLog, type LogFile } from './log-files.ts'
import { endsLine, headBytesMax } from './log-line.ts'
import type { LogOptions } from './log-options.ts'
import { LogPrinter } from './log-printer.ts'
import { tailStart } from './log-tail.ts'

export interface LogSource {
  /** The file that is being written; those rotated away stand beside it. */
  readonly path: string
  readonly clock: Clock
  /** Nobody reads any more. */
  readonly signal: AbortSignal
  /** Resolves when the container will write no more, or the signal fires. Asked for to follow. */
  ended(): Promise<void>
}

/**
 * A container's log as it was asked for, in pieces of some 64 KiB; no further ahead than it is read.
 * Followed, it goes on through rotations until the container has ended. Rejects with a KubeletError:
 * NotFound where there is no log.
 */
// Differs from Kubernetes: what was rotated away is part of the log; upstream shows the last file.
export async function* readLog(
  options: LogOptions,
  source: LogSource,
): AsyncGenerator<Buffer, void> {
  using changes = options.follow ? new DirectoryChanges(dirname(source.path)) : undefined
  const files = await openLog(source.path)
  const reader = new Reader(options)
  try {
    const start =
      options.tailLines === undefined
        ? { index: 0, byte: 0, skippedLines: 0 }
        : await tailStart(files, options.tailLines)
    for (const [index, file] of files.entries()) {
      if (index < start.index || source.signal.aborted) continue
      // Of the file that is written the time is that of before.
      const isOld = index < files.length - 1 && file.modifiedMs < (options.sinceMs ?? -Infinity)
      if (isOld) continue
      const isFirst = index === start.index
      if (isFirst) reader.skip(start.skippedLines)
      yield* reader.read(file, isFirst ? start.byte : 0)
    }
    if (changes !== undefined) yield* follow(reader, files, source, changes)
  } finally {
    await closeAll(files)
  }
}

async function* follow(
  reader: Reader,
  files: LogFile[],
  source: LogSource,
  changes: DirectoryChanges,
): AsyncGenerator<Buffer, void> {
  let over = false
  const wake = () => changes.wake()
  source.signal.addEventListener('abort', wake)
  const finish = () => {
    over = true
    changes.wake()
  }
  source.ended().then(finish, finish)
  try {
    while (!source.signal.aborted && !reader.isFull) {
      yield* reader.more()
      const next = await replaced(source.path, reader.inode)
      if (next !== undefined) {
        files.push(next)
        yield* settled(reader, source)
        await closeAll(files.splice(0, files.length - 1))
        yield* reader.read(next, 0)
      } else if (over) {
        yield* settled(reader, source)
        return
      } else {
        await changes.next()
      }
    }
  } finally {
    source.signal.removeEventListener('abort', wake)
  }
}

/** The file at the path, where it is no longer the one that is being read. */
async function replaced(path: string, inode: number): Promise<LogFile | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined || found.ino === inode ? undefined : openFile(path)
}

/** Reads on until nothing has come for a moment. */
async function* settled(
  reader: Reader,
  { clock, signal }: LogSource,
): AsyncGenerator<Buffer, void> {
  for (let before = -1; before !== reader.position && !signal.aborted;) {
    await clock.sleep(settleMs, signal).catch(() => {})
    before = reader.position
    yield* reader.more()
  }
}

/** Reads files one after the other and prints them. */
class Reader {
  readonly #printer: LogPrinter
  #splitter = new LineSplitter(lineBytesMax)
  #file: LogFile | undefined
  #position = 0
  #skippedLines = 0

  constructor(options: LogOptions) {
    this.#printer = new LogPrinter(options)
  }

  /** How far the present file was read. */
  get position(): number {
    return this.#position
  }

  get inode(): number {
    return this.#file?.inode ?? 0
  }

  get isFull(): boolean {
    return this.#printer.isFull
  }

  /** Leaves out so many of the container's lines. */
  skip(lines: number): void {
    this.#skippedLines = lines
  }

  /** All there is of a file from a byte on. */
  async *read(file: LogFile, fromByte: number): AsyncGenerator<Buffer, void> {
    this.#file = file
    this.#position = fromByte
    // What stood at the end of a file that is over was no whole line.
    this.#splitter = new LineSplitter(lineBytesMax)
    yield* this.more()
  }

  /** What has been added to the file since. */
  async *more(): AsyncGenerator<Buffer, void> {
    if (this.#file === undefined) return
    for await (const chunk of chunksOf(this.#file, this.#position)) {
      this.#position += chunk.length
      const printed = this.#print(chunk)
      if (printed.length > 0) yield printed
      if (this.isFull) return
    }
  }

  #print(chunk: Buffer): Buffer {
    const pieces: Buffer[] = []
    for (const line of this.#splitter.push(chunk)) {
      if (this.#skippedLines > 0) {
        if (endsLine(line.subarray(0, headBytesMax))) this.#skippedLines--
        continue
      }
      for (const piece of this.#printer.print(line)) pieces.push(piece)
    }
    return Buffer.concat(pieces)
  }
}
