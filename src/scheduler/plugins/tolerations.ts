import type { Taint, Toleration } from '#api'

/** Whether one of `tolerations` lets a pod live with `taint` (core/v1 Toleration, KEP-5471). */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some((toleration) => toleratesTaint(toleration, taint))
}

function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  const has = taint.value ?? ''
  switch (operator) {
    case '':
    case 'Equal':
      return value === has
    case 'Exists':
      return true
    case 'Gt':
    case 'Lt':
      return compares(operator, has, value)
    default:
      return false
  }
}

/** The taint's value, as an integer of 64 bits, is above or below the toleration's. */
function compares(operator: 'Gt' | 'Lt', has: string, bound: string): boolean {
  const [a, b] = [int64(has), int64(bound)]
  if (a === undefined || b === undefined) return false
  return operator === 'Gt' ? a > b : a < b
}

/** As Go's ParseInt reads base 10; undefined for anything else. */
export function int64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}
