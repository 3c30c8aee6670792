import { DurationError, parseDurationMs } from '#machinery'
import { UsageError, type Args } from './flags.ts'

/** A duration as Go writes it, longer than nothing. */
export function durationFlag(args: Args, flag: string, fallbackMs: number): number {
  const text = args.text(flag)
  if (text === undefined) return fallbackMs
  try {
    const ms = parseDurationMs(text)
    if (ms > 0) return ms
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
  }
  throw new UsageError(`--${flag} is a duration such as 15s or 1m30s, not "${text}"`)
}
