import { formatGroupResource, type GroupResource } from './names.ts'
import { quote } from './quote.ts'
import { StatusError, type Status, type StatusReason } from './status.ts'

/** What a client knows of an answer that reports failure. */
export interface ServerResponse {
  readonly code: number
  /** The HTTP method. */
  readonly verb: string
  readonly resource: GroupResource
  /** Empty where the request named no object. */
  readonly name: string
  /** The parsed body where it was JSON, else its text. */
  readonly body: unknown
  readonly retryAfterSeconds?: number
}

/**
 * The error of a failed answer: the Status in the body where there is one, else one that upstream's
 * clients make up from the code, with the body as its cause.
 */
export function errorFromResponse(response: ServerResponse): StatusError {
  if (isStatus(response.body)) return new StatusError(response.body)
  const text = typeof response.body === 'string' ? response.body.trim() : ''
  const cause = { reason: 'UnexpectedServerResponse', message: shortened(text || 'unknown') }
  return genericServerResponse(response, text || 'unknown', [cause])
}

/** What upstream says to a patch that does not apply: nothing more than that. */
export function patchNotApplicable(): StatusError {
  const resource = { group: '', resource: '' }
  return genericServerResponse({ code: 422, verb: '', resource, name: '', body: '' }, '', [])
}

const bodyMaxLength = 2048

function shortened(text: string): string {
  return text.slice(0, bodyMaxLength)
}

function genericServerResponse(
  response: ServerResponse,
  serverMessage: string,
  causes: readonly { readonly reason: string; readonly message: string }[],
): StatusError {
  const { code, verb, resource, name, retryAfterSeconds = 0 } = response
  const { reason, message } = wording(code, verb, serverMessage)
  const where = [verb.toLowerCase(), formatGroupResource(resource), name].filter((x) => x !== '')
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: resource.resource === '' ? message : `${message} (${where.join(' ')})`,
    reason,
    details: {
      ...(name === '' ? {} : { name }),
      ...(resource.group === '' ? {} : { group: resource.group }),
      ...(resource.resource === '' ? {} : { kind: resource.resource }),
      ...(causes.length === 0 ? {} : { causes }),
      ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
    },
    code,
  }
  return new StatusError(status)
}

interface Wording {
  readonly reason: StatusReason
  readonly message: string
}

const wordings: Readonly<Record<number, Wording>> = {
  400: {
    reason: 'BadRequest',
    message: 'the server rejected our request for an unknown reason',
  },
  401: {
    reason: 'Unauthorized',
    message: 'the server has asked for the client to provide credentials',
  },
  404: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  405: {
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  },
  422: {
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
  },
  429: {
    reason: 'TooManyRequests',
    message: 'the server has received too many requests and has asked us to try again later',
  },
  503: {
    reason: 'ServiceUnavailable',
    message: 'the server is currently unable to handle the request',
  },
  504: {
    reason: 'Timeout',
    message:
      'the server was unable to return a response in the time allotted, but may still be processing the request',
  },
}

function wording(code: number, verb: string, serverMessage: string): Wording {
  const known = wordings[code]
  if (known !== undefined) return known
  switch (code) {
    case 403:
      return { reason: 'Forbidden', message: serverMessage }
    case 406: {
      const usual = 'the server was unable to respond with a content type that the client supports'
      const said = serverMessage !== '' && serverMessage !== 'unknown'
      return { reason: 'NotAcceptable', message: said ? serverMessage : usual }
    }
    case 409: {
      const reason = verb === 'POST' ? 'AlreadyExists' : 'Conflict'
      return { reason, message: 'the server reported a conflict' }
    }
    case 415:
      return { reason: 'UnsupportedMediaType', message: serverMessage }
    default:
  }
  if (code >= 500) {
    const message = `an error on the server (${quote(serverMessage)}) has prevented the request from succeeding`
    return { reason: 'InternalError', message }
  }
  const message = `the server responded with the status code ${code} but did not return more information`
  return { reason: '', message }
}

function isStatus(body: unknown): body is Status {
  return (
    typeof body === 'object' &&
    body !== null &&
    'kind' in body &&
    body.kind === 'Status' &&
    'apiVersion' in body &&
    (body.apiVersion === 'v1' || body.apiVersion === 'meta.k8s.io/v1') &&
    'status' in body &&
    body.status === 'Failure'
  )
}
