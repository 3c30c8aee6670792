import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat, utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { asError, formatTime, type Clock, type Log } from '#base'
import type { Runtime } from '../runtime/runtime.ts'
import { rotatedLogs } from './log-files.ts'

export interface RotationLimits {
  /** A log that has grown to this is rotated; upstream's containerLogMaxSize. */
  readonly bytesMax: number
  /** With the one that is written; at least 2. Upstream's containerLogMaxFiles. */
  readonly filesMax: number
}

export const usualRotation: RotationLimits = { bytesMax: 10 * 1024 * 1024, filesMax: 5 }

/** Upstream's containerLogMonitorInterval: an event for every line written would cost more. */
const lookMs = 10_000

/** The log of a container that runs. */
export interface RunningLog {
  readonly containerId: string
  readonly path: string
}

export interface LogRotationOptions {
  readonly clock: Clock
  readonly log: Log
  readonly runtime: Pick<Runtime, 'reopenLog'>
  readonly limits: RotationLimits
  running(): readonly RunningLog[]
}

/** Keeps the logs of running containers within their limits, until the signal fires. */
export async function keepLogsRotated(
  options: LogRotationOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = options
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal).catch(() => {})
    for (const each of signal.aborted ? [] : options.running()) {
      try {
        await rotateIfLarge(options, each)
      } catch (error) {
        log.warn('a log was not rotated', { path: each.path, error: asError(error).message })
      }
    }
  }
}

/**
 * Rotates a log that has reached its size: the older files are compressed, the oldest go. Where the
 * runtime does not open the new one, the log stays as it was.
 */
export async function rotateIfLarge(
  { clock, runtime, limits }: LogRotationOptions,
  { containerId, path }: RunningLog,
): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    // Somebody has taken it away, or an earlier rotation ended halfway.
    await runtime.reopenLog(containerId)
    return
  }
  if (found.size < limits.bytesMax) return
  const older = await rotatedLogs(path)
  // The present one and the one it becomes stay, too.
  const excess = Math.max(0, older.length - Math.max(0, limits.filesMax - 2))
  for (const file of older.slice(0, excess)) await rm(file, { force: true })
  for (const file of older.slice(excess)) if (!file.endsWith('.gz')) await compress(file)
  const rotated = `${path}.${timestamp(clock.now())}`
  await rename(path, rotated)
  try {
    await runtime.reopenLog(containerId)
  } catch (error) {
    await rename(rotated, path)
    throw error
  }
}

/** A file that is only half made is not taken for a log. */
async function compress(path: string): Promise<void> {
  const unfinished = `${path}.gz.tmp`
  try {
    const { atime, mtime } = await stat(path)
    await pipeline(createReadStream(path), createGzip(), createWriteStream(unfinished))
    // It tells how old the lines are.
    await utimes(unfinished, atime, mtime)
    await rename(unfinished, `${path}.gz`)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await rm(path)
}

/** As `20260301-100000`, in UTC. */
function timestamp(nowMs: number): string {
  const digits = formatTime(nowMs).replace(/[-:TZ]/g, '')
  return `${digits.slice(0, 8)}-${digits.slice(8)}`
}
