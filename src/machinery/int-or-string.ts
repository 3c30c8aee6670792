import { quote } from './quote.ts'

/** A number, or a text that is a percentage or a name: `maxSurge: 25%`, `targetPort: http`. */
export type IntOrString = number | string

export class IntOrStringError extends Error {
  override readonly name = 'IntOrStringError'
}

/**
 * The number itself, or that share of `total`, rounded up or down. Throws an IntOrStringError with
 * upstream's message for a text that is no percentage.
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value
  const exact = (percentage(value) * total) / 100
  return roundUp ? Math.ceil(exact) : Math.floor(exact)
}

function percentage(text: string): number {
  const fail = (why: string) => new IntOrStringError(`invalid value for IntOrString: ${why}`)
  if (!text.endsWith('%')) throw fail('invalid type: string is not a percentage')
  const digits = text.slice(0, -1)
  if (!/^[+-]?[0-9]+$/.test(digits)) {
    throw fail(
      `invalid value ${quote(text)}: strconv.Atoi: parsing ${quote(digits)}: invalid syntax`,
    )
  }
  return Number(digits)
}
