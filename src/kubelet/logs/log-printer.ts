import { parseTime } from '#base'
import { fixedTime, parseLogLine } from './log-line.ts'
import type { LogOptions } from './log-options.ts'

/** What is sent of a log's lines: those that are wanted, as they are wanted. */
export class LogPrinter {
  readonly #options: Pick<LogOptions, 'limitBytes' | 'sinceMs' | 'streams' | 'timestamps'>
  #leftBytes: number
  /** The next content begins a line of the container's. */
  #atStart = true

  constructor(options: Pick<LogOptions, 'limitBytes' | 'sinceMs' | 'streams' | 'timestamps'>) {
    this.#options = options
    this.#leftBytes = options.limitBytes ?? Infinity
  }

  /** As many bytes were printed as are wanted. */
  get isFull(): boolean {
    return this.#leftBytes === 0
  }

  /** What is to be sent of one line of the file. Lines that no runtime wrote are left out. */
  *print(bytes: Buffer): Generator<Buffer, void> {
    const line = parseLogLine(bytes)
    if (line === undefined) return
    const { sinceMs, streams, timestamps } = this.#options
    if (streams !== 'all' && streams !== line.stream) return
    if (sinceMs !== undefined && (parseTime(line.time) ?? 0) < sinceMs) return
    if (timestamps && this.#atStart) yield* this.#cut(Buffer.from(`${fixedTime(line.time)} `))
    yield* this.#cut(line.content)
    if (!line.partial) yield* this.#cut(lineEnd)
    this.#atStart = !line.partial
  }

  *#cut(bytes: Buffer): Generator<Buffer, void> {
    const kept = bytes.length <= this.#leftBytes ? bytes : bytes.subarray(0, this.#leftBytes)
    this.#leftBytes -= kept.length
    if (kept.length > 0) yield kept
  }
}

const lineEnd = Buffer.from('\n')
