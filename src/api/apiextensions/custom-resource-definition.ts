import {
  type Field,
  boolean,
  bytes,
  type InputObjectOf,
  int32,
  int64,
  item,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { createdAtColumn, nameColumn } from '../columns.ts'
import { JSONSchemaProps } from './json-schema-props.ts'

export const CustomResourceDefinitionSchema = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  () => ({
    spec: value(CustomResourceDefinitionSpec, 2).required(),
    status: value(CustomResourceDefinitionStatus, 3),
  }),
)

export const CustomResourceDefinitionSpec = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec',
  () => ({
    group: string(1).emit().required(),
    names: value(CustomResourceDefinitionNames, 3).required(),
    scope: string(4).values('Cluster', 'Namespaced').emit().required(),
    versions: list(CustomResourceDefinitionVersion, 7).orNull().required(),
    conversion: pointer(CustomResourceConversion, 9),
    preserveUnknownFields: boolean(10),
  }),
)
export type CustomResourceDefinitionSpec = ReadOf<typeof CustomResourceDefinitionSpec>

export const CustomResourceDefinitionNames = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames',
  () => ({
    plural: string(1).emit().required(),
    singular: string(2),
    shortNames: list(item.string, 3),
    kind: string(4).emit().required(),
    listKind: string(5),
    categories: list(item.string, 6),
  }),
)
export type CustomResourceDefinitionNames = ReadOf<typeof CustomResourceDefinitionNames>

export const CustomResourceDefinitionVersion = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion',
  () => ({
    name: string(1).emit().required(),
    served: boolean(2).emit().required(),
    storage: boolean(3).emit().required(),
    deprecated: boolean(7),
    deprecationWarning: string(8).keep(),
    schema: pointer(CustomResourceValidation, 4),
    subresources: pointer(CustomResourceSubresources, 5),
    additionalPrinterColumns: list(CustomResourceColumnDefinition, 6),
    selectableFields: list(CustomResourceSelectableField, 9),
  }),
)
export type CustomResourceDefinitionVersion = ReadOf<typeof CustomResourceDefinitionVersion>

export const CustomResourceValidation = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation',
  () => ({
    openAPIV3Schema: pointer(JSONSchemaProps, 1) as Field<JSONSchemaProps, JSONSchemaProps>,
  }),
)
export type CustomResourceValidation = ReadOf<typeof CustomResourceValidation>

export const CustomResourceSubresources = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources',
  () => ({
    status: pointer(CustomResourceSubresourceStatus, 1),
    scale: pointer(CustomResourceSubresourceScale, 2),
  }),
)
export type CustomResourceSubresources = ReadOf<typeof CustomResourceSubresources>

export const CustomResourceSubresourceStatus = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
  () => ({}),
)

export const CustomResourceSubresourceScale = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceScale',
  () => ({
    specReplicasPath: string(1).emit().required(),
    statusReplicasPath: string(2).emit().required(),
    labelSelectorPath: string(3).keep(),
  }),
)
export type CustomResourceSubresourceScale = ReadOf<typeof CustomResourceSubresourceScale>

export const CustomResourceColumnDefinition = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceColumnDefinition',
  () => ({
    name: string(1).emit().required(),
    type: string(2).emit().required(),
    format: string(3),
    description: string(4),
    priority: int32(5),
    jsonPath: string(6).emit().required(),
  }),
)
export type CustomResourceColumnDefinition = ReadOf<typeof CustomResourceColumnDefinition>

export const CustomResourceSelectableField = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.SelectableField',
  () => ({
    jsonPath: string(1).emit().required(),
  }),
)
export type CustomResourceSelectableField = ReadOf<typeof CustomResourceSelectableField>

export const CustomResourceConversion = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion',
  () => ({
    strategy: string(1).values('None', 'Webhook').emit().required(),
    webhook: pointer(WebhookConversion, 2),
  }),
)
export type CustomResourceConversion = ReadOf<typeof CustomResourceConversion>

export const WebhookConversion = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookConversion',
  () => ({
    clientConfig: pointer(ConversionWebhookClientConfig, 2),
    conversionReviewVersions: list(item.string, 3).orNull().required(),
  }),
)
export type WebhookConversion = ReadOf<typeof WebhookConversion>

export const ConversionWebhookClientConfig = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.WebhookClientConfig',
  () => ({
    url: string(3).keep(),
    service: pointer(ConversionServiceReference, 1),
    caBundle: bytes(2),
  }),
)
export type ConversionWebhookClientConfig = ReadOf<typeof ConversionWebhookClientConfig>

export const ConversionServiceReference = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference',
  () => ({
    namespace: string(1).emit().required(),
    name: string(2).emit().required(),
    path: string(3).keep(),
    port: int32(4).keep().default(443),
  }),
)
export type ConversionServiceReference = ReadOf<typeof ConversionServiceReference>

export const CustomResourceDefinitionStatus = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus',
  () => ({
    conditions: list(CustomResourceDefinitionCondition, 1).orNull().mapBy('type'),
    acceptedNames: value(CustomResourceDefinitionNames, 2),
    storedVersions: list(item.string, 3).orNull(),
    observedGeneration: int64(4),
  }),
)
export type CustomResourceDefinitionStatus = ReadOf<typeof CustomResourceDefinitionStatus>

export const CustomResourceDefinitionCondition = struct(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition',
  () => ({
    type: string(1).emit().required(),
    status: string(2).values('False', 'True', 'Unknown').emit().required(),
    lastTransitionTime: time(3).orNull(),
    reason: string(4),
    message: string(5),
    observedGeneration: int64(6),
  }),
)
export type CustomResourceDefinitionCondition = ReadOf<typeof CustomResourceDefinitionCondition>

export const CustomResourceDefinition = resource({
  name: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      schema: CustomResourceDefinitionSchema,
    },
  ],
  storagePath: 'apiextensions.k8s.io/customresourcedefinitions',
  subresources: {
    status: true,
  },
  unconditionalUpdate: false,
  columns: [nameColumn, createdAtColumn],
})
export type CustomResourceDefinition = Whole<typeof CustomResourceDefinitionSchema>
export type CustomResourceDefinitionInput = InputObjectOf<typeof CustomResourceDefinition>
