import {
  field,
  FieldPath,
  isInRange,
  isValidPortName,
  isValidPortNum,
  parseQuantity,
  type FieldError,
} from '#machinery'

/** What validation of all kinds is made of. */
export const specPath: FieldPath = FieldPath.root('spec')
export const statusPath: FieldPath = FieldPath.root('status')
export const metadataPath: FieldPath = FieldPath.root('metadata')

export const negativeMessage = 'must be greater than or equal to 0'
export const immutableMessage = 'field is immutable'

/** The problems a check found with the value, as errors of the field. */
export function problems(
  path: FieldPath,
  value: unknown,
  messages: readonly string[],
): readonly FieldError[] {
  return messages.map((message) => field.invalid(path, value, message))
}

/** A text that must be there and then pass the check. */
export function requiredText(
  path: FieldPath,
  value: string | null | undefined,
  check: (value: string) => readonly string[] = () => [],
): readonly FieldError[] {
  if (value === undefined || value === null || value === '') return [field.required(path)]
  return problems(path, value, check(value))
}

/** A text that may be absent. */
export function optionalText(
  path: FieldPath,
  value: string | undefined,
  check: (value: string) => readonly string[],
): readonly FieldError[] {
  return value === undefined || value === '' ? [] : problems(path, value, check(value))
}

/** One of a closed set; absent is an error only where the field is required. */
export function oneOfValues(
  path: FieldPath,
  value: string | null | undefined,
  values: readonly string[],
  required = false,
): readonly FieldError[] {
  if (value === undefined || value === null || (value === '' && required)) {
    return required ? [field.required(path)] : []
  }
  return values.includes(value) ? [] : [field.notSupported(path, value, values)]
}

export function nonNegative(
  path: FieldPath,
  value: number | null | undefined,
): readonly FieldError[] {
  return (value ?? 0) < 0 ? [field.invalid(path, value, negativeMessage)] : []
}

export function inRange(
  path: FieldPath,
  value: number,
  min: number,
  max: number,
): readonly FieldError[] {
  return problems(path, value, isInRange(value, min, max))
}

export function portNumber(path: FieldPath, value: number): readonly FieldError[] {
  return problems(path, value, isValidPortNum(value))
}

export function portNumberOrName(path: FieldPath, value: number | string): readonly FieldError[] {
  const messages = typeof value === 'number' ? isValidPortNum(value) : isValidPortName(value)
  return problems(path, value, messages)
}

export function nonNegativeQuantity(path: FieldPath, value: string): readonly FieldError[] {
  return parseQuantity(value).sign < 0 ? [field.invalid(path, value, negativeMessage)] : []
}

const none: readonly FieldError[] = Object.freeze([])

/** The items of a list, each at its own path. */
export function each<T>(
  path: FieldPath,
  items: readonly T[] | null | undefined,
  validate: (item: T, path: FieldPath, at: number) => readonly FieldError[],
): readonly FieldError[] {
  if (items === undefined || items === null || items.length === 0) return none
  let errors: readonly FieldError[] = none
  for (let at = 0; at < items.length; at++) {
    const found = validate(items[at] as T, path.index(at), at)
    if (found.length > 0) errors = errors.length === 0 ? found : [...errors, ...found]
  }
  return errors
}

/** Calls back with each item whose key was there before. */
export function duplicates<T>(
  items: readonly T[] | null | undefined,
  key: (item: T) => string | undefined,
  error: (item: T, at: number) => FieldError,
): readonly FieldError[] {
  const seen = new Set<string>()
  return (items ?? []).flatMap((item, at) => {
    const value = key(item)
    if (value === undefined || value === '') return []
    if (seen.has(value)) return [error(item, at)]
    seen.add(value)
    return []
  })
}
