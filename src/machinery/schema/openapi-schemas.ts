import type { GroupVersionKind } from '../names.ts'
import { listKind, type Face } from '../resource.ts'
import { struct } from './builder.ts'
import { isDictionary } from './own-property.ts'
import type { FieldSpec, Json, Schema, StructSchema, Union } from './schema.ts'
import { wholeObject } from './whole.ts'

/** A node of an OpenAPI document. */
export type Node = { readonly [key: string]: Json }

/**
 * The named schemas of one document: made when first referred to, with everything they refer to.
 * Version 2 and 3 differ in where references point, in how a reference carries more than itself,
 * and in defaults, which version 2 does not publish.
 */
export class OpenApiSchemas {
  readonly #version: 2 | 3
  readonly #kinds = new Map<string, GroupVersionKind[]>()
  readonly #made = new Map<string, Node>()

  constructor(version: 2 | 3) {
    this.#version = version
  }

  /** Says that the schema of this name is a kind; the kinds are listed in its node. */
  addKind(name: string, kind: GroupVersionKind): void {
    const kinds = this.#kinds.get(name) ?? []
    if (kinds.length === 0) this.#kinds.set(name, kinds)
    kinds.push({ group: kind.group, kind: kind.kind, version: kind.version })
  }

  /** A reference to the objects of a face. */
  object(face: Face): Node {
    const name = componentName(face)
    if (!this.#made.has(name)) {
      this.addKind(name, face)
      const { structural } = face.schema
      if (structural === undefined) this.#struct(name, wholeObject(face.schema))
      else this.#customObject(name, structural.document)
    }
    return this.#reference(name)
  }

  /** A reference to lists of the objects of a face. */
  list(face: Face, listMeta: StructSchema): Node {
    const name = `${componentName(face)}List`
    if (!this.#made.has(name)) {
      this.addKind(name, { ...face, kind: listKind(face) })
      const text: Node = { type: 'string' }
      const items = this.object(face)
      const metadata = this.struct(listMeta)
      const isOld = this.#version === 2
      this.#made.set(name, {
        type: 'object',
        required: ['items'],
        properties: {
          apiVersion: text,
          items: { type: 'array', items: isOld ? items : withDefault(items) },
          kind: text,
          metadata: isOld ? metadata : withDefault(metadata),
        },
        'x-kubernetes-group-version-kind': kindNodes(this.#kinds.get(name) ?? []),
      })
    }
    return this.#reference(name)
  }

  /** A reference to a struct that is no kind of its own, such as Status. */
  struct(schema: StructSchema): Node {
    if (!this.#made.has(schema.name)) this.#struct(schema.name, schema)
    return this.#reference(schema.name)
  }

  /** A reference to a named schema that is given as it stands. */
  named(name: string, node: Node): Node {
    if (!this.#made.has(name)) this.#made.set(name, node)
    return this.#reference(name)
  }

  /** All that has been made, by name. */
  all(): Node {
    return sorted(Object.fromEntries(this.#made))
  }

  #reference(name: string): Node {
    const where = this.#version === 2 ? '#/definitions/' : '#/components/schemas/'
    return { $ref: where + name }
  }

  #struct(name: string, schema: StructSchema): void {
    this.#made.set(name, {})
    const properties: Record<string, Json> = {}
    const required: string[] = []
    for (const [field, { spec }] of Object.entries(schema.fields)) {
      properties[field] = this.#field(spec)
      if (spec.required) required.push(field)
    }
    const kinds = this.#kinds.get(name)
    const node: Node = {
      type: 'object',
      ...(required.length === 0 ? {} : { required: required.sort() }),
      ...(Object.keys(properties).length === 0 ? {} : { properties: sorted(properties) }),
      ...(kinds === undefined ? {} : { 'x-kubernetes-group-version-kind': kindNodes(kinds) }),
      ...(schema.mapType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(schema.unions === undefined ? {} : { 'x-kubernetes-unions': schema.unions.map(union) }),
    }
    this.#made.set(name, node)
  }

  #field(spec: FieldSpec): Node {
    const node = this.#node(spec.schema)
    const extensions: Record<string, Json> = {}
    if (spec.patchMergeKey !== undefined) {
      extensions['x-kubernetes-patch-merge-key'] = spec.patchMergeKey
    }
    if (spec.patchStrategy !== undefined) {
      extensions['x-kubernetes-patch-strategy'] = spec.patchStrategy
    }
    const initial = this.#version === 2 ? undefined : defaultOf(spec)
    if (initial !== undefined) extensions.default = initial
    return this.#extended(node, extensions)
  }

  /** In version 3 a reference cannot have anything beside it, so it moves into an allOf. */
  #extended(node: Node, extensions: Node): Node {
    if (Object.keys(extensions).length === 0) return node
    if (this.#version === 2 || node.$ref === undefined) return { ...node, ...extensions }
    return { allOf: [node], ...extensions }
  }

  #node(schema: Schema): Node {
    if (schema.structural !== undefined) return schema.structural.document
    switch (schema.type) {
      case 'string':
      case 'boolean':
      case 'integer':
      case 'number':
        return {
          type: schema.type,
          ...(schema.format === undefined ? {} : { format: schema.format }),
          ...(schema.values === undefined ? {} : { enum: schema.values.toSorted() }),
        }
      case 'bytes':
        return { type: 'string', format: 'byte' }
      case 'quantity':
      case 'intOrString':
      case 'time':
      case 'microTime':
      case 'duration': {
        const [name, node] = this.#wellKnown(schema.type)
        return this.named(name, node)
      }
      case 'raw':
        return this.named(schema.name, schema.name.endsWith('.JSON') ? {} : { type: 'object' })
      case 'either':
        return this.named(schema.name, {})
      case 'struct':
        return this.struct(schema)
      case 'map':
        return {
          type: 'object',
          additionalProperties: this.#part(schema.values),
          ...(schema.mapType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
        }
      case 'list':
        return {
          type: 'array',
          items: this.#part(schema.items),
          ...(schema.keys.length === 0 ? {} : { 'x-kubernetes-list-map-keys': schema.keys }),
          'x-kubernetes-list-type': schema.listType,
        }
    }
  }

  /** Items of lists and values of maps are Go values, which have their zero as default. */
  #part(schema: Schema): Node {
    const node = this.#node(schema)
    if (this.#version === 2) return node
    if (node.$ref !== undefined) return withDefault(node)
    const zero = schema.type === 'bytes' ? undefined : zeroOf(schema)
    return zero === undefined ? node : { ...node, default: zero }
  }

  #wellKnown(type: WellKnown): readonly [string, Node] {
    const numbersToo = { oneOf: [{ type: 'string' }, { type: 'number' }] }
    const either = { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
    switch (type) {
      case 'quantity':
        return [
          'io.k8s.apimachinery.pkg.api.resource.Quantity',
          this.#version === 2 ? { type: 'string' } : numbersToo,
        ]
      case 'intOrString':
        return [
          'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
          this.#version === 2 ? { type: 'string', format: 'int-or-string' } : either,
        ]
      case 'time':
        return [`${metaV1}.Time`, { type: 'string', format: 'date-time' }]
      case 'microTime':
        return [`${metaV1}.MicroTime`, { type: 'string', format: 'date-time' }]
      case 'duration':
        return [`${metaV1}.Duration`, { type: 'string' }]
    }
  }

  #customObject(name: string, document: Node): void {
    this.#made.set(name, {})
    const published = this.#version === 2 ? publishedV2(document) : document
    const kinds = this.#kinds.get(name) ?? []
    const whole = wholeObject(struct(name, () => ({})))
    const { metadata } = whole.fields
    this.#made.set(name, {
      ...published,
      ...(published.properties === undefined
        ? {}
        : {
            properties: {
              ...object(published.properties),
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              ...(metadata === undefined ? {} : { metadata: this.#node(metadata.spec.schema) }),
            },
          }),
      'x-kubernetes-group-version-kind': kindNodes(kinds),
    })
  }
}

const metaV1 = 'io.k8s.apimachinery.pkg.apis.meta.v1'

type WellKnown = 'quantity' | 'intOrString' | 'time' | 'microTime' | 'duration'

/** The schema's own name; for kinds from documents, the reversed group: com.example.v1.Foo. */
export function componentName({ group, version, kind, schema }: Face): string {
  if (schema.name !== '') return schema.name
  return [...group.split('.').reverse(), version, kind].join('.')
}

function defaultOf(spec: FieldSpec): Json | undefined {
  if (spec.default !== undefined) return spec.default
  if (spec.zero === 'emit') return zeroOf(spec.schema)
  return spec.zero === 'struct' || spec.zero === 'dropzero' ? {} : undefined
}

function zeroOf({ type }: Schema): Json | undefined {
  switch (type) {
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return 0
    case 'struct':
    case 'raw':
    case 'either':
    case 'quantity':
    case 'intOrString':
    case 'time':
    case 'microTime':
    case 'duration':
      return {}
    case 'bytes':
    case 'map':
    case 'list':
      return undefined
  }
}

function sorted(properties: Node): Node {
  return Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function withDefault(reference: Node): Node {
  return { allOf: [reference], default: {} }
}

function kindNodes(kinds: readonly GroupVersionKind[]): Json {
  return kinds.map(({ group, kind, version }) => ({ group, kind, version }))
}

function union({ discriminator, fields }: Union): Node {
  return {
    ...(discriminator === undefined ? {} : { discriminator }),
    'fields-to-discriminateBy': fields,
  }
}

function object(value: Json): Node {
  return isDictionary(value) ? value : {}
}

/** What version 2 cannot say is left out: alternatives, null, and parts of unknown shape. */
function publishedV2(document: Node): Node {
  const { oneOf: _, anyOf: __, not: ___, nullable, default: ____, ...rest } = document
  const node: Record<string, Json> = rest
  if (document['x-kubernetes-preserve-unknown-fields'] === true) {
    delete node.items
    delete node.properties
  }
  if (nullable === true) {
    delete node.type
    delete node.items
    delete node.properties
  }
  if (isDictionary(node.items)) node.items = publishedV2(node.items)
  if (isDictionary(node.additionalProperties)) {
    node.additionalProperties = publishedV2(node.additionalProperties)
  }
  if (isDictionary(node.properties)) {
    node.properties = Object.fromEntries(
      Object.entries(node.properties).map(([key, part]) => [key, publishedV2(object(part))]),
    )
  }
  return node
}
