import type { ByteSource } from '#apiserver'
import { formatMicroTime, type Clock } from '#base'
import { ContainerLog, type ContainerRun } from './container-log.ts'
import type { LogQuery } from './log-query.ts'

export interface LogStreamOptions {
  readonly clock: Clock
  readonly query: LogQuery
  /** The run as it stands; undefined when it is gone. Throws when it cannot be known any more. */
  run(): ContainerRun | undefined
  /** Calls `wake` when the run may have changed; the result stops that. */
  subscribe(wake: () => void): () => void
}

/** Lines of one piece: what is written at a time stays small, however long the log is. */
const linesPerPiece = 256

/** A container's log as bytes, made as they are read. Followed, it lasts as long as the run. */
export function logStream(options: LogStreamOptions): ByteSource {
  return new LogStream(options)
}

class LogStream implements ByteSource {
  readonly #options: LogStreamOptions
  readonly #unsubscribe: () => void
  /** The number of the next line; undefined before the first. */
  #next: number | undefined
  #left: number
  #over = false
  #wake: (() => void) | undefined

  constructor(options: LogStreamOptions) {
    this.#options = options
    this.#left = options.query.limitBytes ?? Infinity
    this.#unsubscribe = options.subscribe(() => this.#wake?.())
  }

  async read(): Promise<Uint8Array | undefined> {
    const { clock, query } = this.#options
    while (!this.#over) {
      const run = this.#run()
      if (run === undefined) break
      const log = new ContainerLog(run, clock.now())
      this.#next ??= firstLine(log, query)
      if (this.#next < log.length) return this.#piece(log, this.#next)
      if (!query.follow || run.ended !== undefined) break
      await this.#change(log.nextMs)
    }
    this.cancel()
    return undefined
  }

  /** What cannot be known any more is not followed either. */
  #run(): ContainerRun | undefined {
    try {
      return this.#options.run()
    } catch (error) {
      this.cancel()
      throw error
    }
  }

  cancel(): void {
    this.#over = true
    this.#unsubscribe()
    this.#wake?.()
  }

  #piece(log: ContainerLog, from: number): Uint8Array {
    const to = Math.min(log.length, from + linesPerPiece)
    const lines: string[] = []
    for (let index = from; index < to; index++) {
      const { atMs, text } = log.line(index)
      lines.push(this.#options.query.timestamps ? `${timestamp(atMs)} ${text}\n` : `${text}\n`)
    }
    this.#next = to
    const bytes = Buffer.from(lines.join('')).subarray(
      0,
      Math.min(this.#left, Number.MAX_SAFE_INTEGER),
    )
    this.#left -= bytes.length
    if (this.#left <= 0) this.#over = true
    return bytes
  }

  /** Until the pod changes, or the next line is due. */
  async #change(nextMs: number | undefined): Promise<void> {
    const { clock } = this.#options
    await new Promise<void>((resolve) => {
      const timer =
        nextMs === undefined
          ? undefined
          : clock.timer(Math.max(0, nextMs - clock.now()), resolve, { unref: true })
      this.#wake = () => {
        timer?.cancel()
        resolve()
      }
    })
    this.#wake = undefined
  }
}

function firstLine(log: ContainerLog, { sinceMs, tailLines }: LogQuery): number {
  const since = sinceMs === undefined ? 0 : log.firstSince(sinceMs)
  return tailLines === undefined ? since : Math.max(since, log.length - tailLines)
}

/** As container runtimes stamp lines: RFC 3339 with nanoseconds. */
function timestamp(atMs: number): string {
  return formatMicroTime(atMs).replace('Z', '000Z')
}
