export * as errors from './status.ts'
export * as field from './field-error.ts'
export {
  fieldErrorBody,
  formatFieldError,
  formatFieldErrors,
  type FieldError,
  type FieldErrorType,
} from './field-error.ts'
export { FieldPath } from './field-path.ts'
export { goJson, stringifyJson } from './json-text.ts'
export {
  formatGroupKind,
  formatGroupResource,
  formatGroupVersion,
  formatGroupVersionKind,
  formatGroupVersionResource,
  parseGroupKind,
  parseGroupResource,
  parseGroupVersion,
  type GroupKind,
  type GroupResource,
  type GroupVersion,
  type GroupVersionKind,
  type GroupVersionResource,
} from './names.ts'
export { quote } from './quote.ts'
export {
  hasReason,
  retryAfterSeconds,
  StatusError,
  type Status,
  type StatusCause,
  type StatusDetails,
  type StatusReason,
} from './status.ts'
export {
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  type ObjectMetaDraft,
  type ObjectMetaInput,
} from './object-meta.ts'
export * from './resource.ts'
export {
  boolean,
  bytes,
  double,
  duration,
  either,
  Field,
  int32,
  int64,
  intOrString,
  item,
  list,
  map,
  microTime,
  oneOf,
  pointer,
  quantity,
  raw,
  string,
  struct,
  time,
  value,
} from './schema/builder.ts'
export type {
  EitherSchema,
  FieldSpec,
  Fields,
  Json,
  ListSchema,
  MapSchema,
  RawSchema,
  ScalarSchema,
  Schema,
  StructSchema,
  Structural,
  Zero,
} from './schema/schema.ts'
export type { InputOf, Mutable, MutableOf, ReadOf } from './schema/types.ts'
export {
  DurationError,
  formatDuration,
  formatDurationMs,
  parseDuration,
  parseDurationMs,
} from './duration.ts'
export { IntOrStringError, scaledValue, type IntOrString } from './int-or-string.ts'
export { parseQuantity, Quantity, QuantityError, type QuantityFormat } from './quantity.ts'
export {
  decodeObject,
  defaultObject,
  encodeCanonical,
  normalizeObject,
  type DecodedObject,
} from './codec.ts'
export { applyDefaults } from './schema/defaults.ts'
export { DecodeError, Normalizer } from './schema/decode.ts'
export { encodeObject, encodeUtf8, spliceVersion, type EncodedObject } from './schema/encode.ts'
export * from './ip.ts'
export * from './names-validation.ts'
export * from './fields.ts'
export { parseLabelSelector } from './label-selector-parser.ts'
export * from './labels.ts'
export * from './object-meta-validation.ts'
export * from './mutable.ts'
export { JsonError } from './json-parser.ts'
export * from './json-reader.ts'
export * from './table.ts'
export * from './yaml.ts'
export * from './json-patch.ts'
export { createMergePatch, mergePatch } from './merge-patch.ts'
export { strategicMergePatch } from './schema/strategic-merge-patch.ts'
export { managerFromUserAgent, updateManagedFields } from './schema/managed-fields.ts'
export { wholeObject } from './schema/whole.ts'
export * from './conditions-validation.ts'
export * from './label-selector-validation.ts'
export { setOfFields, type FieldSet } from './schema/field-set.ts'
export { applyPatch, type ApplyRequest, type ApplyResult } from './schema/apply.ts'
export { sameOwnership, type FieldWrite, type Versions } from './schema/managed-fields.ts'
export { errorFromResponse, patchNotApplicable, type ServerResponse } from './server-response.ts'
export { groupVersions, openApiV2, openApiV3, type OpenApiSource } from './schema/openapi.ts'
export { encodeOpenApiV2 } from './schema/openapi-v2-protobuf.ts'
export {
  resourceFromDocument,
  type DocumentedColumn,
  type DocumentedKind,
  type DocumentedVersion,
} from './schema/custom-resource.ts'
export { checkStructural } from './schema/structural-rules.ts'
export { isReadablePath, selectPath } from './schema/path-expression.ts'
export { matchesPattern } from './schema/pattern.ts'
export {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufWatchEvent,
  isProtobuf,
  openProtobuf,
  type ProtobufObject,
} from './schema/protobuf.ts'
export { ProtoError } from './schema/proto-reader.ts'
export { wholeList } from './schema/whole.ts'
