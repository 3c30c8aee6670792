export interface CrashLoopOptions {
  readonly initialMs: number
  readonly maxMs: number
}

/** Upstream's: ten seconds, doubled up to five minutes. */
export const usualCrashLoop: CrashLoopOptions = { initialMs: 10_000, maxMs: 300_000 }

interface Entry {
  readonly delayMs: number
  readonly startedAtMs: number
}

/**
 * How long containers that keep ending wait for their next start. The first restart is at once, the
 * second waits for `initialMs` from the container's end, each later one twice as long as the one
 * before. A container that ran for twice `maxMs` begins anew.
 */
export class CrashLoop {
  readonly #options: CrashLoopOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: CrashLoopOptions) {
    this.#options = options
  }

  /** What a container that ended then has to wait for; undefined where it may start now. */
  wait(
    key: string,
    endedAtMs: number,
    nowMs: number,
  ): { readonly delayMs: number; readonly untilMs: number } | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#expired(entry, endedAtMs)) return undefined
    const untilMs = endedAtMs + entry.delayMs
    return nowMs < untilMs ? { delayMs: entry.delayMs, untilMs } : undefined
  }

  /** A container that had ended then is started again now. */
  restarted(key: string, endedAtMs: number, nowMs: number): void {
    const { initialMs, maxMs } = this.#options
    const entry = this.#entries.get(key)
    const again = entry !== undefined && !this.#expired(entry, endedAtMs)
    const delayMs = again ? Math.min(entry.delayMs * 2, maxMs) : initialMs
    this.#entries.set(key, { delayMs, startedAtMs: nowMs })
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }

  #expired(entry: Entry, endedAtMs: number): boolean {
    return endedAtMs - entry.startedAtMs > 2 * this.#options.maxMs
  }
}
