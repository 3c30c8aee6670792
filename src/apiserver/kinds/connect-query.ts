import { errors } from '#machinery'

/** A switch in a query, as upstream reads one: there, and neither `false` nor `0`. */
export function querySwitch(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  if (value === null) return false
  const text = value.toLowerCase()
  return text !== 'false' && text !== '0'
}

/** An int64 in a query, or undefined where it is absent or empty. Throws a 400 in Go's words. */
export function queryInteger(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^[+-]?\d+$/.test(text)) throw unreadable(text, 'invalid syntax')
  const value = BigInt(text.replace(/^\+/, ''))
  if (value !== BigInt.asIntN(64, value)) throw unreadable(text, 'value out of range')
  return value
}

function unreadable(text: string, why: string): Error {
  return errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`)
}
