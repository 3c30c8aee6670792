import type { Fields, FieldSpec, Json, Schema, StructSchema, Structural } from './schema.ts'
import { isDictionary, setOwn, type Dictionary } from './own-property.ts'

type Document = Dictionary<Json>

const built = new WeakMap<object, StructSchema>()

/**
 * The schema of a kind from the `openAPIV3Schema` of a CustomResourceDefinition (structural
 * schemas). Like any face's schema it leaves out TypeMeta and metadata. The document is taken as
 * checked (`checkStructural`); what it says nothing about has the type of any JSON. Parts are made
 * when they are first asked for, and the same document gives the same schema.
 */
export function structuralSchema(document: Document): StructSchema {
  const known = built.get(document)
  if (known !== undefined) return known
  const { properties } = document
  const { apiVersion: _, kind: __, metadata: ___, ...own } = dictionary(properties)
  const made = structOf(document, own)
  built.set(document, made)
  return made
}

/** The schema of a version that says nothing: every field is kept. */
export const preservingDocument: Document = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
}

function schemaOf(document: Document): Schema {
  const structural = structuralOf(document)
  if (document['x-kubernetes-int-or-string'] === true) return { type: 'intOrString', structural }
  const { type, format } = document
  if (type === 'object') return objectOf(document, structural)
  if (type === 'array') {
    return {
      type: 'list',
      items: schemaOf(dictionary(document.items)),
      listType: listTypeOf(document),
      keys: stringsIn(document['x-kubernetes-list-map-keys']),
      structural,
    }
  }
  if (type === 'integer' || type === 'number' || type === 'string' || type === 'boolean') {
    return { type, format: typeof format === 'string' ? format : undefined, structural }
  }
  return { type: 'raw', name: '', structural }
}

/** An object with declared properties, or a map from any key to values of one schema. */
function objectOf(document: Document, structural: Structural): Schema {
  const { properties, additionalProperties } = document
  const isMap = isDictionary(additionalProperties) || additionalProperties === true
  if (!isMap || isDictionary(properties)) return structOf(document, dictionary(properties))
  return {
    type: 'map',
    values: schemaOf(dictionary(additionalProperties)),
    mapType: document['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'granular',
    structural,
  }
}

function structOf(document: Document, properties: Document): StructSchema {
  const required = new Set(stringsIn(document.required))
  let fields: Fields | undefined
  return {
    type: 'struct',
    name: '',
    get fields() {
      return (fields ??= fieldsOf(properties, required))
    },
    mapType: document['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'granular',
    structural: structuralOf(document),
  }
}

function fieldsOf(properties: Document, required: ReadonlySet<string>): Fields {
  const fields: Record<string, Fields[string]> = {}
  for (const [name, property] of Object.entries(properties)) {
    const document = dictionary(property)
    const spec: FieldSpec = {
      schema: schemaOf(document),
      proto: 0,
      protoInline: 0,
      zero: 'keep',
      required: required.has(name),
      default: document.default ?? undefined,
      patchStrategy: undefined,
      patchMergeKey: undefined,
      alphaGate: undefined,
    }
    setOwn(fields, name, { spec, types: untyped })
  }
  return fields
}

const untyped = { read: undefined, input: undefined, always: false, required: false }

function structuralOf(document: Document): Structural {
  const { additionalProperties } = document
  const isOpen = additionalProperties === true
  return {
    nullable: document.nullable === true,
    preserveUnknown: document['x-kubernetes-preserve-unknown-fields'] === true || isOpen,
    embedded: document['x-kubernetes-embedded-resource'] === true,
    get additional() {
      return isDictionary(additionalProperties) ? schemaOf(additionalProperties) : undefined
    },
    document,
  }
}

function listTypeOf(document: Document): 'atomic' | 'set' | 'map' {
  const type = document['x-kubernetes-list-type']
  return type === 'set' || type === 'map' ? type : 'atomic'
}

function dictionary(value: Json | undefined): Document {
  return isDictionary(value) ? value : {}
}

function stringsIn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
