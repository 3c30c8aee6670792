import { parseJsonSlowly } from './json-parser.ts'
import * as errors from './status.ts'

/** What a reader of untrusted JSON accepts. */
export interface JsonLimits {
  /** More is refused with a 413 Status. */
  readonly maxBytes: number
  /** How deep lists and objects may nest; deeper is a JsonError. */
  readonly maxDepth: number
}

/**
 * The bytes are upstream's limit of a request.
 *
 * Differs from Kubernetes: it allows a depth of 10,000. No walker here recurses deeper than what was
 * read, and 1,000 is what every one of them can do on the stack it has.
 */
export const jsonLimits: JsonLimits = { maxBytes: 3 * 1024 * 1024, maxDepth: 1000 }

export interface JsonReading {
  /**
   * The value. Integers of 64 bits that a number cannot hold exactly (beyond 2^53) are bigint;
   * every other number is a number. Field names are own fields whatever they are called.
   */
  readonly value: unknown
  /**
   * Fields given twice, of which the last one counts, as strict decoding reports them:
   * `duplicate field "spec.x"`. Each once, the first hundred.
   */
  readonly duplicates: readonly string[]
}

/**
 * Reads JSON that anybody may have written. Throws a JsonError with the message of Go's decoder, or
 * a StatusError when it is too large. Bytes that are no UTF-8 read as U+FFFD, as in Go.
 *
 * Nearly everything is read by the engine's own parser. Only where a scan of the bytes finds what
 * that parser cannot say (duplicates, exact integers) or says in other words (errors) is it read
 * again, by one that knows.
 */
export function readJson(bytes: Uint8Array, limits: JsonLimits = jsonLimits): JsonReading {
  if (bytes.length > limits.maxBytes) {
    throw errors.requestEntityTooLarge(`limit is ${limits.maxBytes}`)
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const { plain, colons } = scan(bytes, limits.maxDepth)
  if (plain) {
    const value = parseOrUndefined(text)
    if (value !== undefined && countKeys(value) === colons) return { value, duplicates: [] }
  }
  return parseJsonSlowly(text, limits.maxDepth)
}

export function readJsonText(text: string, limits: JsonLimits = jsonLimits): JsonReading {
  return readJson(Buffer.from(text), limits)
}

/** JSON has no undefined, so it can stand for an error here; the slow parser words it. */
function parseOrUndefined(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

interface Scan {
  /** No number is long or has an exponent, no escape is a surrogate, nothing nests too deep. */
  readonly plain: boolean
  /** Colons outside of texts: the count of fields as they were written. */
  readonly colons: number
}

const quoteByte = 0x22
const backslash = 0x5c

/** Numbers of fewer digits are exact. */
const longDigits = 16

function scan(bytes: Uint8Array, maxDepth: number): Scan {
  let colons = 0
  let depth = 0
  let digits = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits >= longDigits) return { plain: false, colons }
      continue
    }
    // An exponent; the letter also stands in `true` and `false`, but not after a digit.
    if (digits > 0 && (byte | 0x20) === 0x65) return { plain: false, colons }
    digits = 0
    if (byte === quoteByte) {
      i = endOfText(bytes, i + 1)
      if (i === -1) return { plain: false, colons }
    } else if (byte === 0x3a) colons++
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) return { plain: false, colons }
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return { plain: true, colons }
}

/** Where the closing quote stands, or -1: there is none, or an escape needs a closer look. */
function endOfText(bytes: Uint8Array, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === quoteByte) return i
    if (byte !== backslash) continue
    i++
    const surrogate = bytes[i] === 0x75 && ((bytes[i + 1] ?? 0) | 0x20) === 0x64
    if (surrogate) return -1
  }
  return -1
}

/** For-in is several times faster than Object.values, and what was parsed inherits no fields. */
function countKeys(value: unknown): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item)
  } else if (typeof value === 'object' && value !== null) {
    const record = value as Readonly<Record<string, unknown>>
    for (const key in record) {
      count++
      if (typeof record[key] === 'object') count += countKeys(record[key])
    }
  }
  return count
}
