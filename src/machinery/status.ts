import { asError } from '#base'
import { fieldErrorBody, formatFieldErrors, type FieldError } from './field-error.ts'
import {
  formatGroupKind,
  formatGroupResource,
  type GroupKind,
  type GroupResource,
} from './names.ts'
import { quote } from './quote.ts'

/** `metav1.Status`: how every API call that does not return an object answers. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: StatusReason
  readonly details?: StatusDetails
  readonly code?: number
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  /** The resource, or the kind where only that was known. */
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

/** Upstream's reasons; `''` is upstream's unknown. */
export type StatusReason =
  | ''
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'

/** A failure of the API as its client sees it. `message` is the Status' message. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status
  readonly code: number

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? '', options)
    this.status = status
    this.code = status.code ?? 500
  }

  get reason(): StatusReason {
    return this.status.reason ?? ''
  }
}

/** Whether an error is a Status with this reason: `hasReason(error, 'NotFound')`. */
export function hasReason(error: unknown, reason: StatusReason): error is StatusError {
  return error instanceof StatusError && error.reason === reason
}

/** How long the server asked the client to wait, or undefined when it did not. */
export function retryAfterSeconds(error: unknown): number | undefined {
  if (!(error instanceof StatusError)) return undefined
  const seconds = error.status.details?.retryAfterSeconds ?? 0
  if (error.reason === 'ServerTimeout') return seconds
  return seconds > 0 ? seconds : undefined
}

export function success(details?: StatusDetails): Status {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } as const
  return details === undefined ? status : { ...status, details: withoutEmpty(details) }
}

export function notFound(resource: GroupResource, name: string): StatusError {
  const message = `${named(resource, name)} not found`
  return failure(404, 'NotFound', message, of(resource, name))
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  const message = `${named(resource, name)} already exists`
  return failure(409, 'AlreadyExists', message, of(resource, name))
}

/** Every name tried for a `generateName` was taken. */
export function generateNameConflict(
  resource: GroupResource,
  name: string,
  retryAfterSeconds: number,
): StatusError {
  const message = `${named(resource, name)} already exists, the server was not able to generate a unique name for the object`
  return failure(409, 'AlreadyExists', message, { ...of(resource, name), retryAfterSeconds })
}

export function unauthorized(why = ''): StatusError {
  return failure(401, 'Unauthorized', why === '' ? 'not authorized' : why)
}

/** The resource may be the empty one, for paths that are no resources. */
export function forbidden(resource: GroupResource, name: string, why: string): StatusError {
  const what = forbiddenSubject(resource, name)
  return failure(403, 'Forbidden', `${what}forbidden: ${why}`, of(resource, name))
}

export function conflict(resource: GroupResource, name: string, message: string): StatusError {
  const text = `Operation cannot be fulfilled on ${named(resource, name)}: ${message}`
  return failure(409, 'Conflict', text, of(resource, name))
}

/** Server-side apply met fields that belong to other managers; one cause for each. */
export function applyConflict(causes: readonly StatusCause[], message: string): StatusError {
  return failure(409, 'Conflict', message, { causes })
}

/** Prefer `resourceExpired`, which says that starting again helps. */
export function gone(message: string): StatusError {
  return failure(410, 'Gone', message)
}

/** The asked version or continuation is no longer there; the client lists again. */
export function resourceExpired(message: string): StatusError {
  return failure(410, 'Expired', message)
}

export function invalid(kind: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const causes = errors.map((error) => ({
    reason: error.type,
    message: fieldErrorBody(error),
    field: error.field,
  }))
  const why = errors.length === 0 ? '' : `: ${formatFieldErrors(errors)}`
  const message = `${formatGroupKind(kind)} ${quote(name)} is invalid${why}`
  return failure(422, 'Invalid', message, { group: kind.group, kind: kind.kind, name, causes })
}

export function badRequest(message: string, options?: ErrorOptions): StatusError {
  return failure(400, 'BadRequest', message, undefined, options)
}

/** The message stands as it is, without upstream's fixed beginning of the other constructor. */
export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return failure(429, 'TooManyRequests', message, { retryAfterSeconds })
}

export function serviceUnavailable(message: string, retryAfterSeconds?: number): StatusError {
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  return failure(503, 'ServiceUnavailable', message, details)
}

export function methodNotSupported(resource: GroupResource, verb: string): StatusError {
  const message = `${verb} is not supported on resources of kind ${quote(formatGroupResource(resource))}`
  return failure(405, 'MethodNotAllowed', message, of(resource, ''))
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(', ')}`
  return failure(406, 'NotAcceptable', message)
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
  return failure(415, 'UnsupportedMediaType', message)
}

/** A passing failure before anything happened: the client may simply try again. */
export function serverTimeout(
  resource: GroupResource,
  verb: string,
  retryAfterSeconds: number,
): StatusError {
  const message = `The ${verb} operation against ${formatGroupResource(resource)} could not be completed at this time, please try again.`
  return failure(500, 'ServerTimeout', message, { ...of(resource, verb), retryAfterSeconds })
}

/** The time ran out; the operation may still take place. */
export function timeoutError(message: string, retryAfterSeconds = 0): StatusError {
  return failure(504, 'Timeout', `Timeout: ${message}`, { retryAfterSeconds })
}

/** A read at a revision that has not been reached; clients recognise the cause (KEP-1904). */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  const message = `Too large resource version: ${asked}, current: ${current}`
  return failure(504, 'Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

export function requestEntityTooLarge(message: string): StatusError {
  return failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`)
}

export function internalError(cause: unknown): StatusError {
  const error = asError(cause)
  const details = { causes: [{ message: error.message }] }
  const message = `Internal error occurred: ${error.message}`
  return failure(500, 'InternalError', message, details, { cause })
}

function failure(
  code: number,
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  options?: ErrorOptions,
): StatusError {
  const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const
  const status: Status =
    details === undefined
      ? { ...head, message, reason, code }
      : { ...head, message, reason, details: withoutEmpty(details), code }
  return new StatusError(status, options)
}

function of(resource: GroupResource, name: string): StatusDetails {
  return { name, group: resource.group, kind: resource.resource }
}

function named(resource: GroupResource, name: string): string {
  return `${formatGroupResource(resource)} ${quote(name)}`
}

function forbiddenSubject(resource: GroupResource, name: string): string {
  if (resource.group === '' && resource.resource === '') return ''
  return name === '' ? `${formatGroupResource(resource)} is ` : `${named(resource, name)} is `
}

/** Go leaves out what is empty; so do we, at every level. */
function withoutEmpty(details: StatusDetails): StatusDetails {
  return Object.fromEntries(
    Object.entries(details).filter(([, value]) =>
      Array.isArray(value) ? value.length > 0 : value !== '' && value !== 0 && value !== undefined,
    ),
  )
}
