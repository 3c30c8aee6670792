import { quote } from './quote.ts'

/** The text is no duration. The messages are those of Go's time package. */
export class DurationError extends Error {
  override readonly name = 'DurationError'
}

const microsecond = 1_000n
const millisecond = 1_000_000n
const second = 1_000_000_000n
const minute = 60n * second
const hour = 60n * minute

const units = new Map([
  ['ns', 1n],
  ['us', microsecond],
  ['\u00b5s', microsecond],
  ['\u03bcs', microsecond],
  ['ms', millisecond],
  ['s', second],
  ['m', minute],
  ['h', hour],
])

const int64Max = 0x7fff_ffff_ffff_ffffn

/**
 * Nanoseconds of a Go duration such as `1h15m30.918s` (what `metav1.Duration` holds). Throws a
 * DurationError, also for more than 64 bits of nanoseconds.
 */
export function parseDuration(text: string): bigint {
  const malformed = () => new DurationError(`time: invalid duration ${quote(text)}`)
  const negative = text.startsWith('-')
  let rest = /^[+-]/.test(text) ? text.slice(1) : text
  if (rest === '0') return 0n
  if (rest === '') throw malformed()
  let total = 0n
  while (rest !== '') {
    const match = /^([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/.exec(rest)
    const [all = '', whole = '', fraction = '', unit = ''] = match ?? []
    if (whole === '' && fraction === '') throw malformed()
    if (unit === '') throw new DurationError(`time: missing unit in duration ${quote(text)}`)
    const size = units.get(unit)
    if (size === undefined) {
      throw new DurationError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`)
    }
    total += BigInt(whole || '0') * size + fractionOf(fraction, size)
    if (total > int64Max + (negative ? 1n : 0n)) throw malformed()
    rest = rest.slice(all.length)
  }
  return negative ? -total : total
}

/** As Go prints it: `0s`, `1.5ms`, `1m0s`, `72h3m0.5s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (size < microsecond) return `${sign}${size}ns`
  if (size < millisecond) return `${sign}${decimal(size, microsecond)}\u00b5s`
  if (size < second) return `${sign}${decimal(size, millisecond)}ms`
  const hours = size / hour
  const minutes = (size % hour) / minute
  const seconds = `${decimal(size % minute, second)}s`
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}

/** Milliseconds, fractions cut off: what the clock takes. */
export function parseDurationMs(text: string): number {
  return Number(parseDuration(text) / millisecond)
}

/** Of a whole number of milliseconds. */
export function formatDurationMs(ms: number): string {
  return formatDuration(BigInt(ms) * millisecond)
}

/** Digits beyond a nanosecond are cut off, as Go does. */
function fractionOf(digits: string, size: bigint): bigint {
  if (digits === '') return 0n
  const kept = digits.slice(0, 18)
  return (BigInt(kept) * size) / 10n ** BigInt(kept.length)
}

function decimal(value: bigint, unit: bigint): string {
  const whole = value / unit
  const fraction = value % unit
  if (fraction === 0n) return whole.toString()
  const width = unit.toString().length - 1
  return `${whole}.${fraction.toString().padStart(width, '0').replace(/0+$/, '')}`
}
