import * as field from '../field-error.ts'
import { formatFieldError, type FieldError } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { getOwn, isDictionary, type Dictionary } from './own-property.ts'
import { patternError } from './pattern.ts'
import type { Json } from './schema.ts'
import { checkKeywords } from './structural-keywords.ts'

type Document = Dictionary<Json>

/**
 * What is wrong with the `openAPIV3Schema` of a CustomResourceDefinition: keywords it may not use,
 * extensions that do not fit together, and what keeps it from being structural (types everywhere,
 * and nothing said only inside `allOf`, `anyOf`, `oneOf` and `not`). Rules in the expression
 * language are not checked here.
 */
export function checkStructural(document: Document, path: FieldPath): readonly FieldError[] {
  const place: Place = { root: true, inMetadata: false, defaults: '' }
  const errors: FieldError[] = []
  if (document.nullable === true) {
    errors.push(field.forbidden(path.child('nullable'), 'nullable cannot be true at the root'))
  }
  if (!usesUnsupported(document)) {
    const structure = [...checkStructure(document, 'root', path), ...checkComplete(document, path)]
    structure.sort((a, b) => (formatFieldError(a) < formatFieldError(b) ? -1 : 1))
    errors.push(...(structure.length > 0 ? structure : checkDefaults(document, path)))
  }
  return [...errors, ...checkDocument(document, path, place)]
}

/** Every default must be a value its schema allows. */
function checkDefaults(document: Document, path: FieldPath): readonly FieldError[] {
  const { default: initial, items, additionalProperties } = document
  const errors: FieldError[] = []
  if (initial !== undefined && initial !== null) {
    const place = path.child('default').toString()
    for (const error of checkKeywords(document, initial)) {
      const below = error.field === '<nil>' ? place : `${place}.${error.field}`
      errors.push({ ...error, field: below })
    }
  }
  for (const [name, property] of propertiesOf(document)) {
    errors.push(...checkDefaults(property, path.child('properties').key(name)))
  }
  if (isDictionary(items)) errors.push(...checkDefaults(items, path.child('items')))
  if (isDictionary(additionalProperties)) {
    errors.push(...checkDefaults(additionalProperties, path.child('additionalProperties')))
  }
  return errors
}

/** Keywords that no structural schema can be read with hide what else is wrong with the structure. */
function usesUnsupported(document: Document): boolean {
  if ([...unsupported, '$ref'].some((keyword) => isSet(document[keyword]))) return true
  const { items, additionalProperties, not } = document
  if (Array.isArray(items) || document['x-kubernetes-preserve-unknown-fields'] === false)
    return true
  const parts = [
    ...propertiesOf(document).map(([, property]) => property),
    ...alternativesOf(document).map(([, , option]) => option),
    ...[items, additionalProperties, not].filter((part) => isDictionary(part)),
  ]
  return parts.some((part) => isDictionary(part) && usesUnsupported(part))
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies']
const metaFields: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion'])

interface Place {
  readonly root: boolean
  readonly inMetadata: boolean
  /** Why there may be no default; empty where there may. */
  readonly defaults: string
}

function checkDocument(document: Document, path: FieldPath, place: Place): readonly FieldError[] {
  const { type, properties, additionalProperties, items } = document
  const errors: FieldError[] = []
  if (typeof type === 'string' && type !== '' && !types.includes(type)) {
    errors.push(field.notSupported(path.child('type'), type, types))
  }
  if (document.default !== undefined && place.defaults !== '') {
    errors.push(field.forbidden(path.child('default'), `must not be set ${place.defaults}`))
  }
  for (const keyword of [...unsupported, '$ref']) {
    if (!isSet(document[keyword])) continue
    errors.push(field.forbidden(path.child(keyword), `${keyword} is not supported`))
  }
  if (type === 'null') {
    const detail = 'type cannot be set to null, use nullable as an alternative'
    errors.push(field.forbidden(path.child('type'), detail))
  }
  if (Array.isArray(items)) {
    const detail = 'items must be a schema object and not an array'
    errors.push(field.forbidden(path.child('items'), detail))
  }
  if (place.inMetadata && document['x-kubernetes-embedded-resource'] === true) {
    const extension = path.child('x-kubernetes-embedded-resource')
    errors.push(field.forbidden(extension, 'must not be used inside of resource meta'))
  }
  if (document.uniqueItems === true) {
    const detail =
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
    errors.push(field.forbidden(path.child('uniqueItems'), detail))
  }
  if (isSet(properties) && additionalProperties !== undefined && additionalProperties !== true) {
    const detail = 'additionalProperties and properties are mutual exclusive'
    errors.push(field.forbidden(path.child('additionalProperties'), detail))
  }
  errors.push(...checkParts(document, path, place), ...checkExtensions(document, path))
  return errors
}

function checkParts(document: Document, path: FieldPath, place: Place): readonly FieldError[] {
  const below = { ...place, root: false }
  const errors: FieldError[] = []
  const { additionalProperties, items, not } = document
  if (isDictionary(additionalProperties)) {
    const defaults = place.inMetadata
      ? 'inside additionalProperties applying to object metadata'
      : place.defaults
    const child = path.child('additionalProperties')
    errors.push(...checkDocument(additionalProperties, child, { ...below, defaults }))
  }
  for (const [name, property] of propertiesOf(document)) {
    const isMeta =
      metaFields.has(name) && (place.root || document['x-kubernetes-embedded-resource'] === true)
    const defaults = isMeta && place.root ? `in top-level ${name}` : place.defaults
    const inMetadata = place.inMetadata || isMeta
    const child = path.child('properties').key(name)
    errors.push(...checkDocument(property, child, { root: false, inMetadata, defaults }))
  }
  if (isDictionary(not)) errors.push(...checkDocument(not, path.child('not'), below))
  for (const [keyword, index, option] of alternativesOf(document)) {
    errors.push(...checkDocument(option, path.child(keyword).index(index), below))
  }
  if (isDictionary(items)) errors.push(...checkDocument(items, path.child('items'), below))
  return errors
}

function checkExtensions(document: Document, path: FieldPath): readonly FieldError[] {
  const mapType = document['x-kubernetes-map-type']
  const listType = document['x-kubernetes-list-type']
  const keys = document['x-kubernetes-list-map-keys']
  const errors: FieldError[] = []
  const preserve = document['x-kubernetes-preserve-unknown-fields']
  if (preserve === false) {
    const extension = path.child('x-kubernetes-preserve-unknown-fields')
    errors.push(field.invalid(extension, false, 'must be true or undefined'))
  }
  if (mapType !== undefined) {
    errors.push(...mustBe(document, 'object', 'if x-kubernetes-map-type is specified', path))
    if (mapType !== 'atomic' && mapType !== 'granular') {
      const extension = path.child('x-kubernetes-map-type')
      errors.push(field.notSupported(extension, mapType, ['atomic', 'granular']))
    }
  }
  if (listType !== undefined) {
    errors.push(...mustBe(document, 'array', 'if x-kubernetes-list-type is specified', path))
    if (listType === 'set' && document.type === 'array')
      errors.push(...checkSetItems(document, path))
    if (listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
      const extension = path.child('x-kubernetes-list-type')
      errors.push(field.notSupported(extension, listType, ['atomic', 'set', 'map']))
    }
  }
  if (isSet(keys) && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const extension = path.child('x-kubernetes-list-type')
    errors.push(
      listType === undefined
        ? field.required(extension, detail)
        : field.invalid(extension, listType, detail),
    )
  }
  if (listType === 'map') errors.push(...checkMapList(document, path))
  const { items } = document
  if (
    isDictionary(items) &&
    items.nullable === true &&
    (listType === 'set' || listType === 'map')
  ) {
    const detail = `cannot be nullable when x-kubernetes-list-type is ${listType}`
    errors.push(field.forbidden(path.child('items', 'nullable'), detail))
  }
  return errors
}

function mustBe(
  { type }: Document,
  wanted: string,
  why: string,
  path: FieldPath,
): readonly FieldError[] {
  if (type === wanted) return []
  const detail = `must be ${wanted} ${why}`
  const place = path.child('type')
  return [isSet(type) ? field.invalid(place, type, detail) : field.required(place, detail)]
}

function checkSetItems({ items }: Document, path: FieldPath): readonly FieldError[] {
  if (!isDictionary(items)) return []
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const place = path.child('items')
  const listType = items['x-kubernetes-list-type']
  const mapType = items['x-kubernetes-map-type']
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') {
    return [field.invalid(place.child('x-kubernetes-list-type'), listType, detail)]
  }
  if (items.type === 'object' && mapType !== 'atomic') {
    return [field.invalid(place.child('x-kubernetes-map-type'), mapType ?? null, detail)]
  }
  return []
}

function checkMapList(document: Document, path: FieldPath): readonly FieldError[] {
  const { items } = document
  const errors: FieldError[] = []
  const keysPath = path.child('x-kubernetes-list-map-keys')
  const given = document['x-kubernetes-list-map-keys']
  const keys = Array.isArray(given) ? given.map(String) : []
  if (keys.length === 0) {
    errors.push(field.required(keysPath, 'must not be empty if x-kubernetes-list-type is map'))
  }
  if (items === undefined) {
    const detail = 'must have a schema if x-kubernetes-list-type is map'
    return [...errors, field.required(path.child('items'), detail)]
  }
  if (!isDictionary(items)) return errors
  if (items.type !== 'object') {
    const detail = `must be object if parent array's x-kubernetes-list-type is map`
    return [...errors, field.invalid(path.child('items', 'type'), items.type ?? '', detail)]
  }
  const required = new Set(Array.isArray(items.required) ? items.required : [])
  const properties = isDictionary(items.properties) ? items.properties : {}
  for (const [at, key] of keys.entries()) {
    const property = getOwn(properties, key)
    if (!isDictionary(property)) {
      errors.push(field.invalid(keysPath, keys, 'entries must all be names of item properties'))
    } else {
      const place = path.child('items', 'properties').key(key)
      if (property.type === 'array' || property.type === 'object') {
        const detail = `must be a scalar type if parent array's x-kubernetes-list-type is map`
        errors.push(field.invalid(place.child('type'), items.type, detail))
      }
      if (!required.has(key) && property.default === undefined) {
        const detail =
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'
        errors.push(field.required(place.child('default'), detail))
      }
      if (property.nullable === true) {
        const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'
        errors.push(field.forbidden(place.child('nullable'), detail))
      }
    }
    if (keys.indexOf(key) < at) {
      errors.push(field.invalid(keysPath, keys, 'must not contain duplicate entries'))
    }
  }
  return errors
}

type Level = 'root' | 'item' | 'field'

/** The invariants of a structural schema. */
function checkStructure(document: Document, level: Level, path: FieldPath): readonly FieldError[] {
  const { type, items, additionalProperties } = document
  const embedded = document['x-kubernetes-embedded-resource'] === true
  const preserve = document['x-kubernetes-preserve-unknown-fields'] === true
  const intOrString = document['x-kubernetes-int-or-string'] === true
  const errors: FieldError[] = []
  if (type === 'array' && items === undefined) {
    errors.push(field.required(path.child('items'), 'must be specified'))
  }
  if (isDictionary(items)) errors.push(...checkStructure(items, 'item', path.child('items')))
  for (const [name, property] of propertiesOf(document)) {
    errors.push(...checkStructure(property, 'field', path.child('properties').key(name)))
  }
  if (additionalProperties !== undefined) {
    const child = path.child('additionalProperties')
    if (level === 'root') errors.push(field.forbidden(child, 'must not be used at the root'))
    if (embedded) {
      const detail = 'must not be used if x-kubernetes-embedded-resource is set'
      errors.push(field.forbidden(child, detail))
    }
    if (isDictionary(additionalProperties)) {
      errors.push(...checkStructure(additionalProperties, 'field', child))
    }
  }
  if (intOrString) {
    const detail = 'must be false if x-kubernetes-int-or-string is true'
    for (const extension of ['preserve-unknown-fields', 'embedded-resource']) {
      if (document[`x-kubernetes-${extension}`] !== true) continue
      errors.push(field.invalid(path.child(`x-kubernetes-${extension}`), true, detail))
    }
  }
  errors.push(...checkNested(document, path))
  const typePath = path.child('type')
  if (embedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(
      isSet(type) ? field.invalid(typePath, type, detail) : field.required(typePath, detail),
    )
  } else if (!isSet(type) && !intOrString && !preserve) {
    errors.push(field.required(typePath, emptyTypes[level]))
  }
  if (level === 'root' && isSet(type) && type !== 'object') {
    errors.push(field.invalid(typePath, type, 'must be object at the root'))
  }
  errors.push(...checkMetadata(document, level, path))
  if (embedded && !preserve && !isSet(document.properties)) {
    const detail =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'
    errors.push(field.required(path.child('properties'), detail))
  }
  return errors
}

const emptyTypes: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

/** TypeMeta and metadata are known; a schema may only restrict names. */
function checkMetadata(document: Document, level: Level, path: FieldPath): readonly FieldError[] {
  const properties = new Map(propertiesOf(document))
  const errors: FieldError[] = []
  if (level !== 'root' && document['x-kubernetes-embedded-resource'] !== true) return errors
  for (const name of ['kind', 'apiVersion']) {
    const property = properties.get(name)
    if (property === undefined || property.type === 'string') continue
    const place = path.child('properties').key(name).child('type')
    errors.push(field.invalid(place, property.type ?? '', 'must be string'))
  }
  const metadata = properties.get('metadata')
  if (metadata === undefined) return errors
  const place = path.child('properties').key('metadata')
  if (metadata.type !== 'object') {
    errors.push(field.invalid(place.child('type'), metadata.type ?? '', 'must be object'))
  }
  const said = Object.keys(metadata).filter((keyword) => keyword !== 'type')
  const names = propertiesOf(metadata).map(([name]) => name)
  const onlyNames =
    said.every((keyword) => keyword === 'properties') &&
    names.every((name) => name === 'name' || name === 'generateName')
  if (level === 'root' && !onlyNames) {
    const detail =
      'must not specify anything other than name and generateName, but metadata is implicitly specified'
    errors.push(field.forbidden(place, detail))
  }
  return errors
}

/** What stands inside allOf, anyOf, oneOf and not may check values, but say nothing of shapes. */
function checkNested(document: Document, path: FieldPath): readonly FieldError[] {
  const errors: FieldError[] = []
  const skipsAnyOf = isIntOrStringPattern(document)
  const [first] = Array.isArray(document.allOf) ? document.allOf : []
  for (const [keyword, index, option] of alternativesOf(document)) {
    if (keyword === 'anyOf' && skipsAnyOf) continue
    const place = path.child(keyword).index(index)
    const skips = keyword === 'allOf' && option === first && isIntOrStringPattern(option)
    errors.push(...checkNestedDocument(option, place, skips))
  }
  const { not, pattern } = document
  if (isDictionary(not)) errors.push(...checkNestedDocument(not, path.child('not'), false))
  const problem = typeof pattern === 'string' ? patternError(pattern) : undefined
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem.message}`
    errors.push(field.invalid(path.child('pattern'), pattern, detail))
  }
  return errors
}

const nestedRules: readonly (readonly [string, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
]

function checkNestedDocument(
  document: Document,
  path: FieldPath,
  skipsAnyOf: boolean,
): readonly FieldError[] {
  const { anyOf: _, ...rest } = document
  const errors: FieldError[] = [...checkNested(skipsAnyOf ? rest : document, path)]
  const { items } = document
  if (isDictionary(items)) errors.push(...checkNestedDocument(items, path.child('items'), false))
  for (const [name, property] of propertiesOf(document)) {
    const child = path.child('properties').key(name)
    errors.push(...checkNestedDocument(property, child, false))
    if (name === 'metadata') {
      errors.push(field.forbidden(child, 'must not be specified in a nested context'))
    }
  }
  for (const [keyword, detail] of nestedRules) {
    if (isSet(document[keyword])) errors.push(field.forbidden(path.child(keyword), detail))
  }
  return errors
}

/** `anyOf: [{type: integer}, {type: string}]`, which may go with int-or-string. */
function isIntOrStringPattern({ anyOf }: Document): boolean {
  return JSON.stringify(anyOf) === '[{"type":"integer"},{"type":"string"}]'
}

/** Every field that alternatives speak of must be declared outside of them. */
function checkComplete(document: Document, path: FieldPath): readonly FieldError[] {
  return alternativesAndNot(document, path).flatMap(([option, place]) =>
    checkDeclared(option, document, path, place),
  )
}

function checkDeclared(
  nested: Document,
  declared: Document | undefined,
  path: FieldPath,
  nestedPath: FieldPath,
): readonly FieldError[] {
  if (declared === undefined) {
    return [field.required(path, `because it is defined in ${nestedPath.toString()}`)]
  }
  const errors: FieldError[] = alternativesAndNot(nested, nestedPath).flatMap(([option, place]) =>
    checkDeclared(option, declared, path, place),
  )
  if (isDictionary(nested.items)) {
    const items = isDictionary(declared.items) ? declared.items : undefined
    const place = nestedPath.child('items')
    errors.push(...checkDeclared(nested.items, items, path.child('items'), place))
  }
  const properties = new Map(propertiesOf(declared))
  for (const [name, property] of propertiesOf(nested)) {
    const child = path.child('properties').key(name)
    const place = nestedPath.child('properties').key(name)
    errors.push(...checkDeclared(property, properties.get(name), child, place))
  }
  return errors
}

function alternativesAndNot(
  document: Document,
  path: FieldPath,
): readonly (readonly [Document, FieldPath])[] {
  const options = alternativesOf(document).map(
    ([keyword, index, option]) => [option, path.child(keyword).index(index)] as const,
  )
  return isDictionary(document.not) ? [...options, [document.not, path.child('not')]] : options
}

function alternativesOf(
  document: Document,
): readonly (readonly ['allOf' | 'anyOf' | 'oneOf', number, Document])[] {
  return (['allOf', 'anyOf', 'oneOf'] as const).flatMap((keyword) => {
    const options = document[keyword]
    if (!Array.isArray(options)) return []
    return options.flatMap((option: Json, index) =>
      isDictionary(option) ? [[keyword, index, option] as const] : [],
    )
  })
}

function propertiesOf({ properties }: Document): readonly (readonly [string, Document])[] {
  if (!isDictionary(properties)) return []
  return Object.entries(properties).flatMap(([name, property]) =>
    isDictionary(property) ? [[name, property] as const] : [],
  )
}

/** Whether a keyword says anything: empty texts, lists and objects and false do not. */
function isSet(value: Json | undefined): value is Json {
  if (value === undefined || value === null || value === '' || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
