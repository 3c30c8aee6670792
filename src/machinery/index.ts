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
