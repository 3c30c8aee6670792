import {
  boolean,
  double,
  either,
  int64,
  item,
  list,
  map,
  pointer,
  raw,
  string,
  struct,
  type Json,
  type ReadOf,
  type StructSchema,
} from '#machinery'

/** An OpenAPI v3 schema as a CustomResourceDefinition carries it. */
export interface JSONSchemaProps {
  readonly id?: string
  readonly $schema?: string
  readonly $ref?: string
  readonly description?: string
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly default?: Json
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly multipleOf?: number
  readonly enum?: readonly Json[]
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly items?: JSONSchemaProps | readonly JSONSchemaProps[]
  readonly allOf?: readonly JSONSchemaProps[]
  readonly oneOf?: readonly JSONSchemaProps[]
  readonly anyOf?: readonly JSONSchemaProps[]
  readonly not?: JSONSchemaProps
  readonly properties?: Readonly<Record<string, JSONSchemaProps>>
  readonly additionalProperties?: JSONSchemaProps | boolean
  readonly patternProperties?: Readonly<Record<string, JSONSchemaProps>>
  readonly dependencies?: Readonly<Record<string, JSONSchemaProps | readonly string[]>>
  readonly additionalItems?: JSONSchemaProps | boolean
  readonly definitions?: Readonly<Record<string, JSONSchemaProps>>
  readonly externalDocs?: ExternalDocumentation
  readonly example?: Json
  readonly nullable?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
}

export const JSONSchemaProps: StructSchema = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
  () => ({
    id: string(1),
    $schema: string(2),
    $ref: string(3).keep(),
    description: string(4),
    type: string(5),
    format: string(6),
    title: string(7),
    default: raw('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON', 8),
    maximum: double(9).keep(),
    exclusiveMaximum: boolean(10),
    minimum: double(11).keep(),
    exclusiveMinimum: boolean(12),
    maxLength: int64(13).keep(),
    minLength: int64(14).keep(),
    pattern: string(15),
    maxItems: int64(16).keep(),
    minItems: int64(17).keep(),
    uniqueItems: boolean(18),
    multipleOf: double(19).keep(),
    enum: list(item.raw('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 20),
    maxProperties: int64(21).keep(),
    minProperties: int64(22).keep(),
    required: list(item.string, 23),
    items: pointer(JSONSchemaPropsOrArray, 24),
    allOf: list(JSONSchemaProps, 25),
    oneOf: list(JSONSchemaProps, 26),
    anyOf: list(JSONSchemaProps, 27),
    not: pointer(JSONSchemaProps, 28),
    properties: map(JSONSchemaProps, 29),
    additionalProperties: pointer(JSONSchemaPropsOrBool, 30),
    patternProperties: map(JSONSchemaProps, 31),
    dependencies: map(JSONSchemaPropsOrStringArray, 32),
    additionalItems: pointer(JSONSchemaPropsOrBool, 33),
    definitions: map(JSONSchemaProps, 34),
    externalDocs: pointer(ExternalDocumentation, 35),
    example: raw('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON', 36),
    nullable: boolean(37),
    'x-kubernetes-preserve-unknown-fields': boolean(38).keep(),
    'x-kubernetes-embedded-resource': boolean(39),
    'x-kubernetes-int-or-string': boolean(40),
    'x-kubernetes-list-map-keys': list(item.string, 41),
    'x-kubernetes-list-type': string(42).keep(),
    'x-kubernetes-map-type': string(43).keep(),
    'x-kubernetes-validations': list(ValidationRule, 44).mapBy('rule').patch('merge', 'rule'),
  }),
)

const JSONSchemaPropsOrArray = either<JSONSchemaProps | readonly JSONSchemaProps[]>(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  () => JSONSchemaProps,
  () => item.list(JSONSchemaProps),
)

const JSONSchemaPropsOrBool = either<JSONSchemaProps | boolean>(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  () => JSONSchemaProps,
  () => item.boolean,
)

const JSONSchemaPropsOrStringArray = either<JSONSchemaProps | readonly string[]>(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
  () => JSONSchemaProps,
  () => item.list(item.string),
)

export const ExternalDocumentation = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation',
  () => ({
    description: string(1),
    url: string(2),
  }),
)
export type ExternalDocumentation = ReadOf<typeof ExternalDocumentation>

export const ValidationRule = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule',
  () => ({
    rule: string(1).emit().required(),
    message: string(2),
    messageExpression: string(3),
    reason: string(4).keep(),
    fieldPath: string(5),
    optionalOldSelf: boolean(6).keep(),
  }),
)
export type ValidationRule = ReadOf<typeof ValidationRule>
