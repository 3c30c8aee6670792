import { elementOf, isNamed, partSchema } from './compare.ts'
import { FieldSetError, printElement } from './field-set.ts'
import { goText } from './go-text.ts'
import { dictionaryIn, getOwn, isDictionary } from './own-property.ts'
import type { Json, ListSchema, Schema, StructSchema } from './schema.ts'
import { unclassified } from './unclassified.ts'

/**
 * Refuses a configuration that is not of the schema: fields it does not have, wrong types, items
 * twice. Throws a StatusError that lists them as upstream words it.
 */
export function checkApplied(schema: StructSchema, applied: Json): void {
  const problems: string[] = []
  collectProblems(schema, applied, '', problems)
  const [first] = problems
  if (first === undefined) return
  const text =
    problems.length === 1 ? first : `errors:\n${problems.map((p) => `  ${p}`).join('\n')}`
  throw unclassified(`failed to create typed patch object (${describe(applied)}): ${text}`)
}

function describe(applied: Json): string {
  const object = dictionaryIn(applied)
  const metadata = dictionaryIn(getOwn(object, 'metadata'))
  const apiVersion = text(getOwn(object, 'apiVersion'))
  const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
  const kind = text(getOwn(object, 'kind'))
  return `${text(getOwn(metadata, 'namespace'))}/${text(getOwn(metadata, 'name'))}; ${groupVersion}, Kind=${kind}`
}

function collectProblems(schema: Schema, value: Json, path: string, problems: string[]): void {
  if (value === null) return
  const refuse = (problem: string) => problems.push(path === '' ? problem : `${path}: ${problem}`)
  switch (schema.type) {
    case 'struct':
    case 'map':
      if (!isDictionary(value)) {
        refuse(`expected map, got ${showForType(value)}`)
        return
      }
      for (const [key, part] of Object.entries(value)) {
        const place = `${path}.${key}`
        if (isUnknown(schema, key)) problems.push(`${place}: field not declared in schema`)
        else collectProblems(partSchema(schema, key), part, place, problems)
      }
      return
    case 'list':
      if (!Array.isArray(value)) {
        refuse(`expected list, got ${showForType(value)}`)
        return
      }
      collectItemProblems(schema, value, path, problems)
      return
    case 'string':
    case 'bytes':
    case 'duration':
      if (typeof value !== 'string') refuse(`expected string, got ${showForType(value)}`)
      return
    case 'boolean':
      if (typeof value !== 'boolean') refuse(`expected boolean, got ${showForType(value)}`)
      return
    case 'integer':
    case 'number':
      if (typeof value !== 'number') {
        refuse(`expected numeric (int or float), got ${goTypeOf(value)}`)
      }
      return
    case 'quantity':
    case 'intOrString':
    case 'time':
    case 'microTime':
      if (typeof value === 'object') refuse(`expected any scalar, got ${showForType(value)}`)
      return
    case 'raw':
    case 'either':
      return
  }
}

function collectItemProblems(
  schema: ListSchema,
  items: readonly Json[],
  path: string,
  problems: string[],
): void {
  const seen = new Set<string>()
  for (const [at, item] of items.entries()) {
    let element = `i:${at}`
    if (schema.listType !== 'atomic') {
      try {
        element = elementOf(schema, item, at)
      } catch (error) {
        if (!(error instanceof FieldSetError)) throw error
        problems.push(`${path}: ${error.message}`)
        return
      }
      if (seen.has(element)) {
        problems.push(`${path}: duplicate entries for key ${printElement(element)}`)
      }
      seen.add(element)
    }
    collectProblems(schema.items, item, path + printElement(element), problems)
  }
}

function isUnknown(schema: Schema, key: string): boolean {
  if (schema.type !== 'struct' || isNamed(schema, key)) return false
  const { structural } = schema
  if (structural?.embedded === true && embeddedFields.has(key)) return false
  return structural?.additional === undefined && structural?.preserveUnknown !== true
}

/** What every embedded object has, whether its schema says so or not. */
const embeddedFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

function showForType(value: Json): string {
  return `&{${goText(value)}}`
}

function goTypeOf(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isDictionary(value)) return 'map[string]interface {}'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
