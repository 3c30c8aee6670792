import { stringifyJson } from '../json-text.ts'
import { isDictionary } from './own-property.ts'

/** A JSON value as Go's `%v` prints it, as some of upstream's messages show values. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (isDictionary(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, part]) => `${key}:${goText(part)}`).join(' ')}]`
  }
  if (typeof value === 'string') return value
  return typeof value === 'number' ? goNumber(value) : stringifyJson(value)
}

/** The name Go's reflection gives the type of a JSON value. */
export function goKind(value: unknown): string {
  if (value === null || value === undefined) return 'nil'
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return 'map'
}

/** Integers as they are; other numbers as `%v` prints a float64. */
function goNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  if (exponent >= -4 && exponent < 21) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
