import { isDictionary } from './own-property.ts'
import type { Node } from './openapi-schemas.ts'
import { ProtoWriter } from './proto-writer.ts'
import type { Json } from './schema.ts'

/**
 * An OpenAPI v2 document as gnostic's `openapi.v2.Document`, which is what kubectl reads as
 * `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`. Only what our documents contain has
 * a place in the tables below; every `x-` entry becomes a vendor extension.
 */
export function encodeOpenApiV2(document: Node): Uint8Array {
  const writer = new ProtoWriter()
  writeMessage(writer, documentMessage, document)
  return writer.finish()
}

/** How a field is written: a scalar, free JSON, a message, or one of gnostic's wrappers. */
type Kind =
  | 'string'
  | 'bool'
  | 'integer'
  | 'number'
  | 'any'
  | 'typeItem'
  | 'schemaItem'
  | 'additionalProperties'
  | 'parameter'
  | 'stringLists'
  | { readonly message: () => Message }
  /** A map of messages, wrapped: `{repeated {name, value} = number}`. */
  | { readonly named: () => Message; readonly wrap?: readonly number[]; readonly number?: number }

interface Message {
  readonly fields: Readonly<Record<string, readonly [number, Kind]>>
  /** The field for `x-` entries. */
  readonly extensions?: number
}

const documentMessage: Message = {
  fields: {
    swagger: [1, 'string'],
    info: [2, { message: () => infoMessage }],
    paths: [8, { named: () => pathItemMessage, number: 2 }],
    definitions: [9, { named: () => schemaMessage }],
    security: [12, 'stringLists'],
    securityDefinitions: [13, { named: () => apiKeyMessage, wrap: [2] }],
  },
  extensions: 16,
}

const infoMessage: Message = {
  fields: { title: [1, 'string'], version: [2, 'string'] },
  extensions: 7,
}

const apiKeyMessage: Message = {
  fields: { type: [1, 'string'], name: [2, 'string'], in: [3, 'string'] },
  extensions: 5,
}

const pathItemMessage: Message = {
  fields: {
    get: [2, { message: () => operationMessage }],
    put: [3, { message: () => operationMessage }],
    post: [4, { message: () => operationMessage }],
    delete: [5, { message: () => operationMessage }],
    patch: [8, { message: () => operationMessage }],
    parameters: [9, 'parameter'],
  },
  extensions: 10,
}

const operationMessage: Message = {
  fields: {
    tags: [1, 'string'],
    description: [3, 'string'],
    operationId: [5, 'string'],
    produces: [6, 'string'],
    consumes: [7, 'string'],
    parameters: [8, 'parameter'],
    responses: [9, { named: () => responseMessage, wrap: [1] }],
    schemes: [10, 'string'],
  },
  extensions: 13,
}

const responseMessage: Message = {
  fields: {
    description: [1, 'string'],
    schema: [2, 'schemaItem'],
  },
  extensions: 5,
}

const bodyParameterMessage: Message = {
  fields: {
    description: [1, 'string'],
    name: [2, 'string'],
    in: [3, 'string'],
    required: [4, 'bool'],
    schema: [5, { message: () => schemaMessage }],
  },
  extensions: 6,
}

const queryParameterMessage: Message = {
  fields: {
    required: [1, 'bool'],
    in: [2, 'string'],
    description: [3, 'string'],
    name: [4, 'string'],
    type: [6, 'string'],
    uniqueItems: [20, 'bool'],
  },
  extensions: 23,
}

const pathParameterMessage: Message = {
  fields: {
    required: [1, 'bool'],
    in: [2, 'string'],
    description: [3, 'string'],
    name: [4, 'string'],
    type: [5, 'string'],
    uniqueItems: [19, 'bool'],
  },
  extensions: 22,
}

const schemaMessage: Message = {
  fields: {
    $ref: [1, 'string'],
    format: [2, 'string'],
    title: [3, 'string'],
    description: [4, 'string'],
    default: [5, 'any'],
    multipleOf: [6, 'number'],
    maximum: [7, 'number'],
    exclusiveMaximum: [8, 'bool'],
    minimum: [9, 'number'],
    exclusiveMinimum: [10, 'bool'],
    maxLength: [11, 'integer'],
    minLength: [12, 'integer'],
    pattern: [13, 'string'],
    maxItems: [14, 'integer'],
    minItems: [15, 'integer'],
    uniqueItems: [16, 'bool'],
    maxProperties: [17, 'integer'],
    minProperties: [18, 'integer'],
    required: [19, 'string'],
    enum: [20, 'any'],
    additionalProperties: [21, 'additionalProperties'],
    type: [22, 'typeItem'],
    items: [23, 'schemaItem'],
    allOf: [24, { message: () => schemaMessage }],
    properties: [25, { named: () => schemaMessage }],
    example: [30, 'any'],
  },
  extensions: 31,
}

function writeMessage(writer: ProtoWriter, message: Message, value: Node): void {
  for (const [key, part] of Object.entries(value)) {
    const field = message.fields[key]
    if (field !== undefined) writeField(writer, field[0], field[1], part)
    else if (key.startsWith('x-') && message.extensions !== undefined) {
      writer.message(message.extensions, (inner) => {
        inner.string(1, key)
        inner.message(2, (any) => writeAny(any, part))
      })
    }
  }
}

function writeField(writer: ProtoWriter, number: number, kind: Kind, value: Json): void {
  if (typeof kind === 'object') {
    if ('named' in kind) writeNamed(writer, number, kind, objectOf(value))
    else {
      for (const part of Array.isArray(value) ? value : [value]) {
        writer.message(number, (inner) => writeMessage(inner, kind.message(), objectOf(part)))
      }
    }
    return
  }
  switch (kind) {
    case 'string':
      for (const text of Array.isArray(value) ? value : [value]) writer.string(number, String(text))
      return
    case 'bool':
      if (value === true) writer.varint(number, 1)
      return
    case 'integer':
      writer.varint(number, Number(value))
      return
    case 'number':
      writer.double(number, Number(value))
      return
    case 'any':
      for (const part of isRepeated(number) && Array.isArray(value) ? value : [value]) {
        writer.message(number, (inner) => writeAny(inner, part))
      }
      return
    case 'typeItem':
      writer.message(number, (inner) => writeField(inner, 1, 'string', value))
      return
    case 'schemaItem':
      writer.message(number, (inner) =>
        inner.message(1, (schema) => writeMessage(schema, schemaMessage, objectOf(value))),
      )
      return
    case 'additionalProperties':
      writer.message(number, (inner) => {
        if (typeof value === 'boolean') inner.varint(2, Number(value))
        else inner.message(1, (schema) => writeMessage(schema, schemaMessage, objectOf(value)))
      })
      return
    case 'parameter':
      for (const part of Array.isArray(value) ? value : []) writeParameter(writer, number, part)
      return
    case 'stringLists':
      for (const part of Array.isArray(value) ? value : []) writeRequirement(writer, number, part)
      return
  }
}

const enumField = 20

/** The values of `enum` are written one by one; a default that is a list is one value. */
function isRepeated(number: number): boolean {
  return number === enumField
}

function writeNamed(
  writer: ProtoWriter,
  number: number,
  kind: Extract<Kind, { readonly named: unknown }>,
  value: Node,
): void {
  writer.message(number, (map) => {
    for (const [name, part] of Object.entries(value)) {
      map.message(kind.number ?? 1, (entry) => {
        entry.string(1, name)
        entry.message(2, (inner) => writeWrapped(inner, kind.wrap ?? [], kind.named(), part))
      })
    }
  })
}

function writeWrapped(
  writer: ProtoWriter,
  wrap: readonly number[],
  message: Message,
  value: Json,
): void {
  const [outer, ...rest] = wrap
  if (outer === undefined) writeMessage(writer, message, objectOf(value))
  else writer.message(outer, (inner) => writeWrapped(inner, rest, message, value))
}

/** ParametersItem → Parameter → body, or not body → query or path. */
function writeParameter(writer: ProtoWriter, number: number, value: Json): void {
  const parameter = objectOf(value)
  writer.message(number, (item) =>
    item.message(1, (either) => {
      if (parameter.in === 'body') {
        either.message(1, (body) => writeMessage(body, bodyParameterMessage, parameter))
        return
      }
      const [place, message] =
        parameter.in === 'path' ? ([4, pathParameterMessage] as const) : query
      either.message(2, (other) =>
        other.message(place, (inner) => writeMessage(inner, message, parameter)),
      )
    }),
  )
}

const query = [3, queryParameterMessage] as const

function writeRequirement(writer: ProtoWriter, number: number, value: Json): void {
  writer.message(number, (requirement) => {
    for (const [name, list] of Object.entries(objectOf(value))) {
      requirement.message(1, (entry) => {
        entry.string(1, name)
        entry.message(2, (strings) => writeField(strings, 1, 'string', list))
      })
    }
  })
}

/** Free values travel as YAML, of which JSON is a part. */
function writeAny(writer: ProtoWriter, value: Json): void {
  writer.string(2, `${JSON.stringify(value)}\n`)
}

function objectOf(value: Json): Node {
  return isDictionary(value) ? value : {}
}
