import { setOwn } from './mutable.ts'
import { quote } from './quote.ts'

/** The text is no JSON. The message is that of Go's decoder, which API clients see in a 400. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/**
 * Reads JSON slowly: with duplicates of fields reported, 64-bit integers kept exact, texts made
 * well formed, and refusals worded as Go does.
 */
export function parseJsonSlowly(
  text: string,
  maxDepth: number,
): { readonly value: unknown; readonly duplicates: readonly string[] } {
  const parser = new Parser(text, maxDepth)
  const value = parser.document()
  return { value, duplicates: [...parser.duplicates] }
}

const duplicatesMax = 100
const int64Max = 0x7fff_ffff_ffff_ffffn
const int64Min = -0x8000_0000_0000_0000n
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class Parser {
  readonly duplicates: Set<string> = new Set<string>()
  readonly #text: string
  readonly #maxDepth: number
  #at = 0
  #depth = 0

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  document(): unknown {
    const value = this.#value('')
    if (this.#peek() !== '') throw this.#unexpected('after top-level value')
    return value
  }

  #value(path: string): unknown {
    const char = this.#peek()
    if (char === '{') return this.#nested(() => this.#object(path))
    if (char === '[') return this.#nested(() => this.#list(path))
    if (char === '"') return this.#string()
    if (char === 't') return this.#literal('true', true)
    if (char === 'f') return this.#literal('false', false)
    if (char === 'n') return this.#literal('null', null)
    if (char === '-' || isDigit(char)) return this.#number()
    throw this.#unexpected('looking for beginning of value')
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > this.#maxDepth) throw new JsonError('exceeded max depth')
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(path: string): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    if (this.#peek() === '}') {
      this.#at++
      return record
    }
    for (;;) {
      if (this.#peek() !== '"') {
        throw this.#unexpected('looking for beginning of object key string')
      }
      const key = this.#string()
      const below = path === '' ? key : `${path}.${key}`
      if (this.#peek() !== ':') throw this.#unexpected('after object key')
      this.#at++
      if (Object.hasOwn(record, key)) this.#addDuplicate(below)
      setOwn(record, key, this.#value(below))
      const char = this.#peek()
      if (char !== '}' && char !== ',') throw this.#unexpected('after object key:value pair')
      this.#at++
      if (char === '}') return record
    }
  }

  #list(path: string): unknown[] {
    const items: unknown[] = []
    if (this.#peek() === ']') {
      this.#at++
      return items
    }
    for (;;) {
      items.push(this.#value(`${path}[${items.length}]`))
      const char = this.#peek()
      if (char !== ']' && char !== ',') throw this.#unexpected('after array element')
      this.#at++
      if (char === ']') return items
    }
  }

  #addDuplicate(path: string): void {
    if (this.duplicates.size < duplicatesMax) {
      this.duplicates.add(`duplicate field ${quote(path)}`)
    }
  }

  #string(): string {
    let text = ''
    this.#at++
    let start = this.#at
    for (;;) {
      const char = this.#text[this.#at] ?? ''
      if (char === '"') break
      if (char === '\\') {
        text += this.#text.slice(start, this.#at) + this.#escape()
        start = this.#at
      } else if (char < ' ') {
        throw this.#unexpected('in string literal')
      } else this.#at++
    }
    text += this.#text.slice(start, this.#at)
    this.#at++
    return text.toWellFormed()
  }

  #escape(): string {
    this.#at++
    const char = this.#text[this.#at] ?? ''
    if (char !== 'u') {
      const escaped = Object.hasOwn(escapes, char) ? escapes[char] : undefined
      if (escaped === undefined) throw this.#unexpected('in string escape code')
      this.#at++
      return escaped
    }
    this.#at++
    const start = this.#at
    for (; this.#at < start + 4; this.#at++) {
      if (!/^[0-9a-fA-F]$/.test(this.#text[this.#at] ?? '')) {
        throw this.#unexpected('in \\u hexadecimal character escape')
      }
    }
    return String.fromCharCode(Number.parseInt(this.#text.slice(start, this.#at), 16))
  }

  #literal<T>(word: string, value: T): T {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) {
        throw this.#unexpected(`in literal ${word} (expecting '${expected}')`)
      }
      this.#at++
    }
    return value
  }

  #number(): number | bigint {
    const start = this.#at
    if (this.#text[this.#at] === '-') this.#at++
    if (this.#text[this.#at] === '0') this.#at++
    else this.#digits('in numeric literal')
    let integer = true
    if (this.#text[this.#at] === '.') {
      integer = false
      this.#at++
      this.#digits('after decimal point in numeric literal')
    }
    if (/^[eE]$/.test(this.#text[this.#at] ?? '')) {
      integer = false
      this.#at++
      if (/^[+-]$/.test(this.#text[this.#at] ?? '')) this.#at++
      this.#digits('in exponent of numeric literal')
    }
    return toNumber(this.#text.slice(start, this.#at), integer)
  }

  #digits(where: string): void {
    if (!isDigit(this.#text[this.#at] ?? '')) throw this.#unexpected(where)
    while (isDigit(this.#text[this.#at] ?? '')) this.#at++
  }

  /** The next character that is not white space; empty at the end. */
  #peek(): string {
    for (;;) {
      const char = this.#text[this.#at] ?? ''
      if (char !== ' ' && char !== '\n' && char !== '\r' && char !== '\t') return char
      this.#at++
    }
  }

  #unexpected(where: string): JsonError {
    if (this.#at >= this.#text.length) return new JsonError('unexpected end of JSON input')
    return new JsonError(`invalid character ${this.#shown()} ${where}`)
  }

  /** Go reads bytes: of a character beyond ASCII it shows the first one. */
  #shown(): string {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)
    if (char === "'") return String.raw`'\''`
    if (char === '"') return `'"'`
    return `'${quote(String.fromCharCode(Buffer.from(char)[0] ?? 0)).slice(1, -1)}'`
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}

function toNumber(literal: string, integer: boolean): number | bigint {
  const value = Number(literal)
  if (!Number.isFinite(value)) {
    const what = `number ${literal} into Go value of type float64`
    throw new JsonError(`json: cannot unmarshal ${what}`)
  }
  if (!integer || Number.isSafeInteger(value) || Math.abs(value) > 2 ** 63) return value
  const exact = BigInt(literal)
  return exact <= int64Max && exact >= int64Min ? exact : value
}
