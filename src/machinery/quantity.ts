import { assert } from '#base'

/** How a quantity was written, and so how it is printed: `1500m`, `1Gi`, `1e3`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** The text is no quantity. The messages are upstream's, because clients see them. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError'
}

/**
 * An exact amount of a resource, as `resource.Quantity` of the API: a decimal number and the family
 * of suffixes it was written with. Immutable. Nothing below a billionth exists: parsing rounds such
 * parts up, away from zero, so that whoever asks for something gets something.
 */
export class Quantity {
  static readonly zero: Quantity = new Quantity(0n, 0, 'DecimalSI')

  /** The amount is mantissa × 10^scale. */
  readonly #mantissa: bigint
  readonly #scale: number
  readonly format: QuantityFormat
  #text: string | undefined

  private constructor(mantissa: bigint, scale: number, format: QuantityFormat) {
    this.#mantissa = mantissa
    this.#scale = scale
    this.format = format
  }

  /** value × 10^scale; a number must be a safe integer. */
  static of(value: bigint | number, scale = 0, format: QuantityFormat = 'DecimalSI'): Quantity {
    assert(scale >= -9, 'a quantity has no parts below a billionth')
    return new Quantity(BigInt(value), scale, format)
  }

  get isZero(): boolean {
    return this.#mantissa === 0n
  }

  /** -1, 0 or 1. */
  get sign(): number {
    return compare(this.#mantissa, 0n)
  }

  /** Negative when this is the smaller one, 0 when equal, whatever the formats. */
  compare(other: Quantity): number {
    if (this === other) return 0
    const scale = Math.min(this.#scale, other.#scale)
    return compare(this.#at(scale), other.#at(scale))
  }

  /** The sum keeps the format of this one, unless this one is zero. */
  add(other: Quantity): Quantity {
    const scale = Math.min(this.#scale, other.#scale)
    const format = this.isZero ? other.format : this.format
    return new Quantity(this.#at(scale) + other.#at(scale), scale, format)
  }

  sub(other: Quantity): Quantity {
    return this.add(other.neg())
  }

  neg(): Quantity {
    return new Quantity(-this.#mantissa, this.#scale, this.format)
  }

  /** The nearest floating point number. */
  toNumber(): number {
    return Number(`${this.#mantissa}e${this.#scale}`)
  }

  /**
   * As an integer number of units, rounded away from zero: upstream's Value. Exact up to 2^53;
   * amounts beyond int64 saturate.
   */
  toInteger(): number {
    return Number(clampInt64(this.#rounded(0)))
  }

  /** As an integer number of thousandths, rounded away from zero: upstream's MilliValue. */
  toMilli(): number {
    return Number(clampInt64(this.#rounded(-3)))
  }

  /** The exact amount when it is an integer that fits in 64 bits, else undefined. */
  asInt64(): bigint | undefined {
    if (!this.#isInteger()) return undefined
    const value = this.#at(0)
    return value === clampInt64(value) ? value : undefined
  }

  /** The canonical form: no fractions, the largest suffix of the family that keeps it exact. */
  toString(): string {
    this.#text ??= this.#print()
    return this.#text
  }

  toJSON(): string {
    return this.toString()
  }

  #print(): string {
    if (this.isZero) return '0'
    if (this.format === 'BinarySI' && this.#isInteger()) {
      const value = this.#at(0)
      if (value <= -1024n || value >= 1024n) return printBinary(value)
    }
    return printDecimal(this.#mantissa, this.#scale, this.format)
  }

  #isInteger(): boolean {
    return this.#scale >= 0 || this.#mantissa % power10(-this.#scale) === 0n
  }

  /** The mantissa at another scale; digits that do not fit there are cut off. */
  #at(scale: number): bigint {
    return scale <= this.#scale
      ? this.#mantissa * power10(this.#scale - scale)
      : this.#mantissa / power10(scale - this.#scale)
  }

  #rounded(scale: number): bigint {
    return scale <= this.#scale
      ? this.#at(scale)
      : divideAwayFromZero(this.#mantissa, power10(scale - this.#scale))
  }
}

/**
 * Reads a quantity. Throws a QuantityError. Results are shared: real clusters write the same few
 * hundred quantities over and over, so most calls are one look-up.
 */
export function parseQuantity(text: string): Quantity {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const quantity = parse(text)
  if (text.length <= cachedTextMax) {
    if (parsed.size >= cacheEntriesMax) parsed.clear()
    parsed.set(text, quantity)
  }
  return quantity
}

const parsed = new Map<string, Quantity>()
const cacheEntriesMax = 4096
const cachedTextMax = 32

/**
 * Differs from Kubernetes: it takes texts of any length and exponents of 32 bits, and then works on
 * numbers of that many digits when it adds or compares them. Beyond this nothing is measured.
 */
const exponentMax = 1000
const textMax = 1000

const formatError =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const suffixError = "unable to parse quantity's suffix"
const numericError = 'unable to parse numeric part of quantity'

/** Looser than the expression in the message, exactly as upstream's hand-written scanner is. */
const grammar = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/

const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, scale]) => [scale, suffix]))

const int64Max = 0x7fff_ffff_ffff_ffffn
const int64Min = -0x8000_0000_0000_0000n

function parse(text: string): Quantity {
  const match = text === '' || text.length > textMax ? null : grammar.exec(text)
  if (match === null) throw new QuantityError(formatError)
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match
  const { base, exponent, format } = interpretSuffix(suffix)
  const digits = whole + fraction
  if (digits === '' && base === 2 && exponent >= 50) throw new QuantityError(numericError)
  const negative = sign === '-'

  if (base === 2) {
    const scaled = BigInt(digits || '0') << BigInt(exponent)
    return finishBinary(negative, scaled, -fraction.length)
  }
  const significant = trimZeros(digits)
  const scale = exponent - fraction.length + (digits.length - significant.length)
  if (significant === '') return Quantity.of(0n, 0, format)
  return atLeastNano(negative, BigInt(significant), scale, format)
}

function interpretSuffix(suffix: string): {
  readonly base: 2 | 10
  readonly exponent: number
  readonly format: QuantityFormat
} {
  const scale = decimalSuffixes.get(suffix)
  if (scale !== undefined) return { base: 10, exponent: scale, format: 'DecimalSI' }
  const binary = binarySuffixes.indexOf(suffix)
  if (binary > 0) return { base: 2, exponent: binary * 10, format: 'BinarySI' }
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw new QuantityError(suffixError)
  const exponent = Number(suffix.slice(1))
  if (Math.abs(exponent) > exponentMax) throw new QuantityError(suffixError)
  return { base: 10, exponent, format: 'DecimalExponent' }
}

/** Binary amounts are capped at 2^63 - 1, and below one they are printed as decimals. */
function finishBinary(negative: boolean, mantissa: bigint, scale: number): Quantity {
  const unit = power10(-scale)
  if (mantissa > int64Max * unit) return Quantity.of(signed(negative, int64Max), 0, 'BinarySI')
  return atLeastNano(negative, mantissa, scale, mantissa < unit ? 'DecimalSI' : 'BinarySI')
}

function atLeastNano(
  negative: boolean,
  mantissa: bigint,
  scale: number,
  format: QuantityFormat,
): Quantity {
  if (scale >= -9) return Quantity.of(signed(negative, mantissa), scale, format)
  const nanos = divideAwayFromZero(mantissa, power10(-9 - scale))
  return Quantity.of(signed(negative, nanos), -9, format)
}

function printBinary(value: bigint): string {
  let power = 0
  let rest = value
  while (power < binarySuffixes.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n
    power++
  }
  return `${rest}${binarySuffixes[power]}`
}

function printDecimal(mantissa: bigint, scale: number, format: QuantityFormat): string {
  const digits = mantissa.toString()
  const significant = trimZeros(digits)
  const exponent = scale + digits.length - significant.length
  const thousands = Math.floor(exponent / 3) * 3
  const number = significant + '0'.repeat(exponent - thousands)
  const suffix = format === 'DecimalExponent' ? undefined : decimalSuffixOf.get(thousands)
  // Differs from Kubernetes: beyond the last suffix it prints none at all, which is another amount.
  if (suffix === undefined) return thousands === 0 ? number : `${number}e${thousands}`
  return number + suffix
}

/** Without the zeros at the end; a loop, because an expression would backtrack over long texts. */
function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

function power10(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}

function divideAwayFromZero(value: bigint, by: bigint): bigint {
  const quotient = value / by
  if (value % by === 0n) return quotient
  return value < 0n ? quotient - 1n : quotient + 1n
}

function signed(negative: boolean, value: bigint): bigint {
  return negative ? -value : value
}

function clampInt64(value: bigint): bigint {
  if (value > int64Max) return int64Max
  return value < int64Min ? int64Min : value
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
