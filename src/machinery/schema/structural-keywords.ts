import * as field from '../field-error.ts'
import { formatFieldError, type FieldError } from '../field-error.ts'
import { FieldPath } from '../field-path.ts'
import { goJson } from '../json-text.ts'
import { quote } from '../quote.ts'
import { equalJson } from './compare.ts'
import { goText } from './go-text.ts'
import { getOwn, isDictionary, type Dictionary } from './own-property.ts'
import { matchesPattern } from './pattern.ts'
import type { Json } from './schema.ts'
import { stringFormat } from './string-formats.ts'

type Document = Dictionary<Json>

/**
 * What the keywords of an OpenAPI document (of a CustomResourceDefinition) say about a value:
 * types, bounds, patterns, formats, enumerations, required fields and their combinations. Errors
 * come in the document's order and in the words of upstream's validator.
 */
export function checkKeywords(document: Document, value: Json): readonly FieldError[] {
  return check(document, value, '').errors
}

/**
 * As `checkKeywords`, for an object that replaces another one: parts that did not change are not
 * held against it, so that a schema may become stricter (KEP-4008, validation ratcheting).
 */
export function checkChangedKeywords(
  document: Document,
  value: Json,
  old: Json,
): readonly FieldError[] {
  return check(document, value, '', old).errors
}

/**
 * The errors, and how many checks were made: where none of several alternatives holds, the errors
 * of the one that was followed furthest are told.
 */
interface Outcome {
  readonly errors: readonly FieldError[]
  readonly checks: number
}

class Result implements Outcome {
  readonly errors: FieldError[] = []
  checks = 0

  /** What has been told already is not told again. */
  add(...errors: readonly FieldError[]): void {
    for (const error of errors) {
      const text = formatFieldError(error)
      if (!this.errors.some((told) => formatFieldError(told) === text)) this.errors.push(error)
    }
  }

  merge(other: Outcome): void {
    this.add(...other.errors)
    this.checks += other.checks
  }
}

function check(document: Document, value: Json, path: string, old?: Json): Outcome {
  const result = new Result()
  if (old !== undefined && equalJson(value, old)) return result
  const types = typesOf(document)
  const format = formatOf(document, types)
  if (types.length > 0 || format !== '') {
    const wrong = typeError(document, types, format, value, path)
    if (wrong === undefined) result.checks++
    else result.add(wrong)
    result.checks++
  }
  if (value === null) {
    checkEnum(document, value, path, result)
    return result
  }
  checkAlternatives(document, value, path, result)
  if (typeof value === 'string') checkString(document, format, value, path, result)
  if (typeof value === 'number') checkNumber(document, types, format, value, path, result)
  if (Array.isArray(value)) checkList(document, value, path, result, old)
  checkEnum(document, value, path, result)
  result.checks += 2
  if (isDictionary(value)) {
    checkObject(document, value, path, result, old)
    result.checks++
  }
  return result
}

function typesOf(document: Document): readonly string[] {
  if (document['x-kubernetes-int-or-string'] === true) return ['integer', 'string']
  return typeof document.type === 'string' && document.type !== '' ? [document.type] : []
}

/** The format where it is one that means something for the type. */
function formatOf(document: Document, types: readonly string[]): string {
  const { format } = document
  if (typeof format !== 'string') return ''
  const type = types.length === 1 ? types[0] : ''
  const isKnown =
    type === 'integer'
      ? format === 'int32' || format === 'int64'
      : type === 'number'
        ? format === 'float' || format === 'double'
        : (type === '' || type === 'string') && stringFormat(format) !== undefined
  return isKnown ? format : ''
}

function typeError(
  document: Document,
  types: readonly string[],
  format: string,
  value: Json,
  path: string,
): FieldError | undefined {
  const wanted = types.join(',')
  if (value === null) {
    if (types.length === 0 || document.nullable === true) return undefined
    return wrongType(path, wanted, 'null')
  }
  const type = typeOf(value)
  const fits = types.includes(type) || (type === 'integer' && types.includes('number'))
  const numeric = types.includes('number') || types.includes('integer')
  if (format !== '' && !numeric && (typeof value === 'string' || Array.isArray(value))) {
    return undefined
  }
  if (fits) return undefined
  // What has a format but no fitting type is told by its format.
  if (format !== '' && typeof value !== 'string' && !Array.isArray(value)) {
    return wrongType(path, format, formatOfValue(value))
  }
  return types.length === 0 ? undefined : wrongType(path, wanted, type)
}

function formatOfValue(value: Json): string {
  if (typeof value !== 'number') return ''
  return Number.isInteger(value) ? 'int64' : 'float64'
}

function wrongType(path: string, wanted: string, given: string): FieldError {
  const message = `${path} in body must be of type ${wanted}: ${quote(given)}`
  return field.typeInvalid(at(path), given, message)
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function checkAlternatives(document: Document, value: Json, path: string, result: Result): void {
  const anyOf = documentsIn(document.anyOf)
  if (anyOf.length > 0) {
    const outcomes = anyOf.map((option) => check(option, value, path))
    const valid = outcomes.find(({ errors }) => errors.length === 0)
    if (valid === undefined) {
      result.add(combined(path, `must validate at least one schema (anyOf)`))
      result.merge(furthest(outcomes))
    } else result.merge(valid)
  }
  const oneOf = documentsIn(document.oneOf)
  if (oneOf.length > 0) {
    const outcomes = oneOf.map((option) => check(option, value, path))
    const valid = outcomes.filter(({ errors }) => errors.length === 0)
    const [only] = valid
    if (only !== undefined && valid.length === 1) result.merge(only)
    else {
      const found =
        valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`
      result.add(combined(path, `must validate one and only one schema (oneOf). ${found}`))
      if (valid.length === 0) result.merge(furthest(outcomes))
    }
  }
  const allOf = documentsIn(document.allOf)
  if (allOf.length > 0) {
    const outcomes = allOf.map((option) => check(option, value, path))
    for (const outcome of outcomes) result.merge(outcome)
    const valid = outcomes.filter(({ errors }) => errors.length === 0).length
    if (valid < allOf.length) {
      const none = valid === 0 ? '. None validated' : ''
      result.add(combined(path, `must validate all the schemas (allOf)${none}`))
    }
  }
  if (isDictionary(document.not) && check(document.not, value, path).errors.length === 0) {
    result.add(combined(path, `must not validate the schema (not)`))
  }
  result.checks += 2
}

function furthest(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce((best, outcome) => (outcome.checks > best.checks ? outcome : best))
}

/** Upstream tells failed combinations without a field. */
function combined(path: string, message: string): FieldError {
  return field.invalid(FieldPath.empty, '', `${quote(path)} ${message}`)
}

function checkString(
  document: Document,
  format: string,
  value: string,
  path: string,
  result: Result,
): void {
  const { maxLength, minLength, pattern } = document
  const length = Array.from(value).length
  // Of these upstream tells only the first.
  if (typeof maxLength === 'number' && length > maxLength) {
    result.add(field.tooLong(at(path), maxLength))
  } else if (typeof minLength === 'number' && length < minLength) {
    const message = `${path} in body should be at least ${minLength} chars long`
    result.add(field.invalid(at(path), value, message))
  } else if (typeof pattern === 'string' && pattern !== '') {
    const matched = matchesPattern(pattern, value)
    if (matched instanceof Error) {
      const shown = `${pattern}, but pattern is invalid: ${matched.message}`
      result.add(field.invalid(at(path), value, `${path} in body should match '${shown}'`))
    } else if (!matched) {
      result.add(field.invalid(at(path), value, `${path} in body should match '${pattern}'`))
    }
  }
  result.checks++
  const holds = stringFormat(format)
  if (format === '' || holds === undefined) return
  if (!holds(value)) {
    const message = `${path} in body must be of type ${format}: ${quote(value)}`
    result.add(field.typeInvalid(at(path), value, message))
  }
  result.checks++
}

function checkNumber(
  document: Document,
  types: readonly string[],
  format: string,
  value: number,
  path: string,
  result: Result,
): void {
  const { multipleOf, maximum, minimum } = document
  const refuse = (message: string) =>
    result.add(field.invalid(at(path), value, `${path} in body should be ${message}`))
  if (types.length === 1 && types[0] === 'integer') {
    const isInRange = format !== 'int32' || (value >= -0x8000_0000 && value <= 0x7fff_ffff)
    if (!Number.isInteger(value) || !isInRange) {
      const kind = format === '' ? '(default format)' : `with format ${format}`
      const message = `Checked value must be of type integer ${kind} in ${path}`
      result.add(field.invalid(FieldPath.empty, '', message))
    }
  }
  // Differs from Kubernetes: a fractional factor also holds for whole numbers, where upstream
  // cuts the factor to a whole number and so refuses every value.
  if (typeof multipleOf === 'number' && multipleOf > 0) {
    const factor = multipleOf < 1 ? (1 / multipleOf) * value : value / multipleOf
    if (!Number.isInteger(factor)) refuse(`a multiple of ${goText(multipleOf)}`)
  }
  if (typeof minimum === 'number') {
    const exclusive = document.exclusiveMinimum === true
    if (exclusive && value <= minimum) refuse(`greater than ${goText(minimum)}`)
    if (!exclusive && value < minimum) refuse(`greater than or equal to ${goText(minimum)}`)
  }
  if (typeof maximum === 'number') {
    const exclusive = document.exclusiveMaximum === true
    if (exclusive && value >= maximum) refuse(`less than ${goText(maximum)}`)
    if (!exclusive && value > maximum) refuse(`less than or equal to ${goText(maximum)}`)
  }
  result.checks += 2
}

function checkList(
  document: Document,
  value: readonly Json[],
  path: string,
  result: Result,
  old: Json | undefined,
): void {
  const { items, minItems, maxItems } = document
  if (isDictionary(items)) {
    for (const [index, item] of value.entries()) {
      const before = sameItem(document, item, old)
      result.merge(check(items, item, `${path}[${index}]`, before))
    }
  }
  if (typeof minItems === 'number' && value.length < minItems) {
    const message = `${path} in body should have at least ${minItems} items`
    result.add(field.invalid(at(path), value.length, message))
  }
  if (typeof maxItems === 'number' && value.length > maxItems) {
    result.add(field.tooMany(at(path), value.length, maxItems))
  }
  if (document.uniqueItems === true && hasTwins(value)) {
    result.add(field.invalid(at(path), '', `${path} in body shouldn't contain duplicates`))
  }
  result.checks += 2
}

/** The item of the old list with the same keys; items of other lists have no past. */
function sameItem(document: Document, item: Json, old: Json | undefined): Json | undefined {
  const keys = document['x-kubernetes-list-map-keys']
  if (!Array.isArray(keys) || !Array.isArray(old) || !isDictionary(item)) return undefined
  return old.find(
    (before: Json) =>
      isDictionary(before) &&
      keys.every((key) => equalJson(getOwn(before, String(key)), getOwn(item, String(key)))),
  )
}

function hasTwins(list: readonly Json[]): boolean {
  return list.some((item, index) => list.slice(0, index).some((other) => equalJson(item, other)))
}

function checkEnum(document: Document, value: Json, path: string, result: Result): void {
  const values = document.enum
  if (!Array.isArray(values) || values.length === 0) return
  // Null is never one of the values, not even where it is listed.
  if (value !== null && values.some((allowed) => equalJson(allowed, value))) return
  const shown = values.map((allowed) => (typeof allowed === 'string' ? allowed : goJson(allowed)))
  result.add(field.notSupported(at(path), value, shown))
}

function checkObject(
  document: Document,
  value: Document,
  path: string,
  result: Result,
  old: Json | undefined,
): void {
  const isOne = document['x-kubernetes-map-type'] === 'atomic'
  const past = !isOne && isDictionary(old) ? old : {}
  const { minProperties, maxProperties, additionalProperties, required } = document
  const properties = isDictionary(document.properties) ? document.properties : {}
  const keys = Object.keys(value)
  if (typeof minProperties === 'number' && keys.length < minProperties) {
    const message = `${path} in body should have at least ${minProperties} properties`
    result.add(field.invalid(at(path), keys.length, message))
  }
  if (typeof maxProperties === 'number' && keys.length > maxProperties) {
    result.add(field.tooMany(at(path), keys.length, maxProperties))
  }
  for (const key of keys) {
    const part = getOwn(value, key) ?? null
    const property = getOwn(properties, key)
    if (isDictionary(property)) {
      const place = path === '' ? key : `${path}.${key}`
      result.merge(check(property, part, place, getOwn(past, key)))
    } else if (additionalProperties === false) {
      const message = `${path}.${key} in body is a forbidden property`
      result.add(field.invalid(at(path), key, message))
    } else if (isDictionary(additionalProperties)) {
      result.merge(check(additionalProperties, part, `${path}.${key}`, getOwn(past, key)))
    }
  }
  for (const key of Array.isArray(required) ? required : []) {
    if (typeof key !== 'string' || Object.hasOwn(value, key)) continue
    result.add(field.required(at(`${path}.${key}`)))
  }
}

function documentsIn(list: Json | undefined): readonly Document[] {
  return Array.isArray(list) ? list.filter((item: Json) => isDictionary(item)) : []
}

/** Errors of the root have no field; the others' paths are told without their leading dot. */
function at(path: string): FieldPath {
  return path === '' ? FieldPath.empty : FieldPath.root(path.replace(/^\./, ''))
}
