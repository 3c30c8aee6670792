import type { FieldError } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'

/** What JSON can carry. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * The shape of a value, as plain data: what a built-in kind says through the builder and what a
 * CustomResourceDefinition says through its OpenAPI document. Everything the API machinery does
 * with objects (decoding, normalizing, defaulting, pruning, validating, merging, encoding,
 * describing) is derived from these nodes; no other source knows a kind's shape.
 */
export type Schema = ScalarSchema | RawSchema | EitherSchema | StructSchema | MapSchema | ListSchema

interface SchemaBase {
  /** Present on schemas that came from a CustomResourceDefinition; see `Structural`. */
  readonly structural?: Structural | undefined
}

/** A value without parts. `format` is OpenAPI's. */
export interface ScalarSchema extends SchemaBase {
  readonly type:
    | 'string'
    | 'boolean'
    /** A 32- or 64-bit signed integer. */
    | 'integer'
    | 'number'
    /** Base64 text in JSON, bytes in protobuf. */
    | 'bytes'
    /** `resource.Quantity`, kept in canonical form. */
    | 'quantity'
    | 'intOrString'
    /** RFC 3339, whole seconds, UTC. */
    | 'time'
    /** RFC 3339, six digits of fraction, UTC. */
    | 'microTime'
    /** A Go duration, such as 1h30m0s. */
    | 'duration'
  readonly format?: string | undefined
  /** The closed set of values, where the field has one; listed in OpenAPI, checked by `validate`. */
  readonly values?: readonly string[] | undefined
}

/** Any JSON (RawExtension, FieldsV1, JSON): kept as it came. */
export interface RawSchema extends SchemaBase {
  readonly type: 'raw'
  /** The name OpenAPI knows it by. */
  readonly name: string
}

/** One of two shapes, told apart by the JSON type (JSONSchemaPropsOrBool and its siblings). */
export interface EitherSchema extends SchemaBase {
  readonly type: 'either'
  readonly name: string
  readonly options: readonly (() => Schema)[]
}

export interface StructSchema<F extends Fields = Fields> extends SchemaBase {
  readonly type: 'struct'
  /** Upstream's OpenAPI name, such as io.k8s.api.core.v1.Pod; empty in structural schemas. */
  readonly name: string
  /** In Go's order, which is the order of the JSON we write. Made on first use. */
  readonly fields: F
  /** `atomic`: one owner for the whole struct. */
  readonly mapType: 'granular' | 'atomic'
  readonly unions?: readonly Union[] | undefined
  /** Sets what depends on more than one field; runs before the defaults of the parts. */
  readonly defaults?: ((draft: Draft) => void) | undefined
}

/** A draft of a struct in a `defaults` hook, which knows which of its fields it touches. */
// oxlint-disable-next-line typescript/no-explicit-any -- the hook of a struct is typed by `struct`
export type Draft = any

export interface MapSchema extends SchemaBase {
  readonly type: 'map'
  readonly values: Schema
  readonly mapType: 'granular' | 'atomic'
}

export interface ListSchema extends SchemaBase {
  readonly type: 'list'
  readonly items: Schema
  readonly listType: 'atomic' | 'set' | 'map'
  /** The fields that identify an item of a `map` list. */
  readonly keys: readonly string[]
}

export interface Union {
  readonly discriminator?: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

/** What a structural schema (KEP-2332 and the CRD reference) says beyond types. */
export interface Structural {
  readonly nullable: boolean
  /** x-kubernetes-preserve-unknown-fields. */
  readonly preserveUnknown: boolean
  /** x-kubernetes-embedded-resource. */
  readonly embedded: boolean
  /** For structs: the schema of undeclared properties. */
  readonly additional?: Schema | undefined
  /** The document node itself, for validation keywords and publishing. */
  readonly document: Readonly<Record<string, Json>>
  /** Checks what the keywords of this node say about a value of the right type. */
  readonly validate?: ((value: unknown, path: FieldPath) => readonly FieldError[]) | undefined
}

/**
 * How a field's zero value behaves in JSON, after Go's rules for the field's type and tags.
 * keep: absent stays absent, an explicit zero is kept (a pointer). drop: zero and empty values are
 * removed. emit: absent becomes the zero value. null: absent becomes null. struct: absent becomes
 * the struct with its own emitted fields. nulltime: like null, for times. dropzero: removed when zero.
 */
export type Zero = 'keep' | 'drop' | 'emit' | 'null' | 'struct' | 'nulltime' | 'dropzero'

/** A field of a struct: its schema and what belongs to its place rather than to its type. */
export interface FieldSpec {
  readonly schema: Schema
  /** The protobuf field number; 0 where the kind has no protobuf form. */
  readonly proto: number
  /** The number of the message this field travels in, where protobuf nests what JSON inlines. */
  readonly protoInline: number
  /** The message within that one, for the one type that nests twice (NamedRuleWithOperations). */
  readonly protoInlineInner?: number
  readonly zero: Zero
  readonly required: boolean
  readonly default: Json | undefined
  readonly patchStrategy: string | undefined
  readonly patchMergeKey: string | undefined
  /** The feature gate of a field whose feature is alpha: known, but dropped when written. */
  readonly alphaGate: string | undefined
}

export type Fields = Readonly<Record<string, AnyField>>

/** A field of any type; `types` exists for the type checker only. */
export interface AnyField {
  readonly spec: FieldSpec
  readonly types: { read: unknown; input: unknown; always: boolean; required: boolean }
}
