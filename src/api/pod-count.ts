import { field, isValidPercent, type FieldError, type FieldPath } from '#machinery'
import { negativeMessage, problems } from './validation.ts'

/** A number of pods, or a share of them. */
export function validatePodCount(
  value: number | string | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (value === undefined) return []
  if (typeof value === 'string') return problems(path, value, isValidPercent(value))
  return value < 0 ? [field.invalid(path, value, negativeMessage)] : []
}

/** Not more than all of them. */
export function validateAtMostAll(
  value: number | string | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (typeof value !== 'string' || !value.endsWith('%')) return []
  return Number(value.slice(0, -1)) > 100
    ? [field.invalid(path, value, 'must not be greater than 100%')]
    : []
}

export function isZeroCount(value: number | string | undefined): boolean {
  return value === undefined || value === 0 || /^0+%$/.test(String(value))
}
