import type { FieldPath } from './field-path.ts'
import { goJson } from './json-text.ts'
import { quote } from './quote.ts'

/** What is wrong with one field. The types are the causes of a 422 Status. */
export interface FieldError {
  readonly type: FieldErrorType
  readonly field: string
  /** The refused value; absent where the message must not show one. */
  readonly badValue?: unknown
  /** May be empty. */
  readonly detail: string
}

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid'

const titles: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
}

/** The value has not the type of the field. */
export function typeInvalid(path: FieldPath, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueTypeInvalid', field: path.toString(), badValue: value, detail }
}

/** What the value refers to is not there. */
export function notFound(path: FieldPath, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field: path.toString(), badValue: value, detail: '' }
}

/** The field must be given: it is absent, empty, or null. */
export function required(path: FieldPath, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field: path.toString(), detail }
}

/** The value must be unique and is there twice. */
export function duplicate(path: FieldPath, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field: path.toString(), badValue: value, detail: '' }
}

/** The value is malformed or out of bounds. */
export function invalid(path: FieldPath, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field: path.toString(), badValue: value, detail }
}

/** The value is none of the enumerated ones, which are listed in the order given. */
export function notSupported(
  path: FieldPath,
  value: unknown,
  valid: readonly string[],
): FieldError {
  const detail = valid.length === 0 ? '' : `supported values: ${valid.map(quote).join(', ')}`
  return { type: 'FieldValueNotSupported', field: path.toString(), badValue: value, detail }
}

/** The value is well formed but not permitted here or now. */
export function forbidden(path: FieldPath, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field: path.toString(), detail }
}

/** Longer than `maxLength` bytes (of UTF-8); a negative limit is not shown. */
export function tooLong(path: FieldPath, maxLength: number): FieldError {
  const detail = maxLength < 0 ? 'value is too long' : `may not be more than ${maxLength} bytes`
  return { type: 'FieldValueTooLong', field: path.toString(), detail }
}

/** A list of `actual` items where at most `max` may be; negative numbers are not shown. */
export function tooMany(path: FieldPath, actual: number, max: number): FieldError {
  const items = max === 1 ? 'item' : 'items'
  const detail = max < 0 ? 'has too many items' : `must have at most ${max} ${items}`
  const error = { type: 'FieldValueTooMany', field: path.toString(), detail } as const
  return actual < 0 ? error : { ...error, badValue: actual }
}

/** Something failed that is not the user's doing. */
export function internal(path: FieldPath, error: Error): FieldError {
  return { type: 'InternalError', field: path.toString(), detail: error.message }
}

/** The message without the field, as the causes of a Status carry it. */
export function fieldErrorBody(error: FieldError): string {
  const title = titles[error.type]
  const value = 'badValue' in error ? `: ${showValue(error.badValue)}` : ''
  return `${title}${value}${error.detail === '' ? '' : `: ${error.detail}`}`
}

export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`
}

/** One message for all: each different one once, in brackets when there are several. */
export function formatFieldErrors(errors: readonly FieldError[]): string {
  const messages = [...new Set(errors.map(formatFieldError))]
  return messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`
}

function showValue(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  return goJson(value ?? null)
}
