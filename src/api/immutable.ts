import { equalJson, field, type FieldError, type FieldPath } from '#machinery'
import { immutableMessage } from './validation.ts'

/** A value, whatever its shape, that no update may change. */
export function unchanged(path: FieldPath, value: unknown, old: unknown): readonly FieldError[] {
  return equalJson(value, old) ? [] : [field.invalid(path, value ?? null, immutableMessage)]
}
