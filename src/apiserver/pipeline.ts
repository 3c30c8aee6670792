import { asError, TimeoutError, withTimeout, type Clock, type Log, type Random } from '#base'
import { encodeUtf8, errors, StatusError, type Face, type Status } from '#machinery'
import { impersonate } from './authentication/impersonation.ts'
import type { Authorizer } from './authorization/authorizer.ts'
import type { Catalog } from './catalog.ts'
import { checkAcceptable, encodeAnswer } from './encoding/encode.ts'
import { watchOverWebSocket } from './encoding/web-socket.ts'
import { limits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { dispatch } from './registry/dispatch.ts'
import type { Registry } from './registry/call.ts'
import { noSuchResource } from './catalog.ts'
import { isConnect, requestInfo, type RequestInfo } from './request-info.ts'
import type { Answer, ApiHandler, ApiRequest, ApiResponse } from './request.ts'
import { authenticate, type Authentication } from './stages/authenticate.ts'
import { attributesOf } from './stages/attributes.ts'
import { authorize } from './stages/authorize.ts'
import { InFlight } from './stages/in-flight.ts'

export interface PipelineOptions {
  readonly registry: Registry
  readonly catalog: Catalog
  readonly authentication: Authentication
  readonly authorizer: Authorizer
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Answers what is no resource: discovery, OpenAPI, health; undefined for an unknown path. */
  document(request: ApiRequest): Promise<Answer | undefined>
}

/** An answer with what goes into its headers. */
interface Outcome {
  readonly answer: Answer
  readonly warnings: readonly string[]
}

/**
 * The stages of a request, in their order: request info, authentication, impersonation, limit in
 * flight, authorization, negotiation, the handler under its deadline, encoding. Nothing skips a stage; the
 * in-process transport brings a user instead of credentials and takes no bytes.
 */
export class Pipeline implements ApiHandler {
  readonly #options: PipelineOptions
  readonly #inFlight: InFlight

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#inFlight = new InFlight(options.metrics)
  }

  async answer(request: ApiRequest): Promise<Answer> {
    const { answer } = await this.#run(request, () => {})
    return answer
  }

  async serve(request: ApiRequest): Promise<ApiResponse> {
    // What cannot be answered as asked must not be carried out first.
    const { answer, warnings } = await this.#run(request, (info, { schema }) => {
      if (isConnect(info)) return
      const protobuf = schema.structural === undefined
      checkAcceptable(request, { streams: info.verb === 'watch', protobuf })
    })
    return withHeaders(this.#carried(request, this.#encode(request, answer)), {
      'audit-id': this.#options.random.uuid(),
      'cache-control': 'no-cache, private',
      ...(warnings.length === 0 ? {} : { warning: warnings.map(warningHeader).join(', ') }),
    })
  }

  /** Resolves when no request is being handled. */
  idle(): Promise<void> {
    return this.#inFlight.idle()
  }

  /** Runs the stages; whatever goes wrong becomes an answer. */
  async #run(
    request: ApiRequest,
    negotiate: (info: RequestInfo, face: Face) => void,
  ): Promise<Outcome> {
    const { clock, metrics } = this.#options
    const started = clock.elapsed()
    const warnings: string[] = []
    let info: RequestInfo | undefined
    let answer: Answer
    try {
      info = requestInfo(request.method, request.path, request.query)
      answer = await this.#handle(request, info, negotiate, (message) => {
        // Upstream's limit of what a client is told at once.
        if (warnings.length < 50 && !warnings.includes(message)) warnings.push(message)
      })
    } catch (error) {
      answer = this.#failure(error, request)
    }
    if (info !== undefined) metrics.observe(info, codeOf(answer), started)
    return { answer, warnings }
  }

  async #handle(
    request: ApiRequest,
    info: RequestInfo,
    negotiate: (info: RequestInfo, face: Face) => void,
    warn: (message: string) => void,
  ): Promise<Answer> {
    const { authentication, authorizer, clock, catalog, registry } = this.#options
    const requester = attributesOf(await authenticate(authentication, request), info, request)
    const user = impersonate(requester, request, authorizer)?.user ?? requester.user
    const release = this.#inFlight.enter(info, user)
    try {
      authorize(authorizer, user === requester.user ? requester : { ...requester, user })
      if (!info.isResourceRequest) return (await this.#options.document(request)) ?? pathNotFound()
      const version = { group: info.apiGroup, version: info.apiVersion }
      const served = catalog.find(version, info.resource)
      if (served === undefined) throw noSuchResource()
      negotiate(info, served.face)
      const work = dispatch({ registry, request, info, user, warn, ...served })
      return info.verb === 'watch' || isConnect(info)
        ? await work
        : await withTimeout(clock, work, limits.requestTimeoutMs, 'the request')
    } finally {
      release()
    }
  }

  /** A watch may be carried by a WebSocket. */
  #carried(request: ApiRequest, response: ApiResponse): ApiResponse {
    const { body, headers } = response
    if (request.upgrade !== 'websocket' || body.type !== 'stream') return response
    const contentType = headers['content-type'] ?? ''
    const answer = watchOverWebSocket(request, body, contentType, this.#options)
    return { code: 101, headers: {}, body: answer }
  }

  #encode(request: ApiRequest, answer: Answer): ApiResponse {
    if (answer.type === 'document') {
      return {
        code: answer.code,
        headers: { 'content-type': answer.contentType, ...answer.headers },
        body: { type: 'bytes', bytes: answer.bytes },
      }
    }
    if (answer.type === 'passed') {
      const { code, headers, cookies, body: source } = answer
      return { code, headers, body: { type: 'passed', source, cookies } }
    }
    if (answer.type === 'upgrade') return { code: codeOf(answer), headers: {}, body: answer }
    try {
      return encodeAnswer(request, answer, this.#options.clock)
    } catch (error) {
      const failure = this.#failure(error, request)
      return {
        code: failure.code,
        headers: { 'content-type': 'application/json', ...failure.headers },
        body: { type: 'bytes', bytes: encodeUtf8(JSON.stringify(failure.status)) },
      }
    }
  }

  #failure(error: unknown, request: ApiRequest): Extract<Answer, { type: 'status' }> {
    if (error instanceof StatusError) return statusAnswer(error.status)
    if (error instanceof TimeoutError) {
      return statusAnswer(
        errors.timeoutError('request did not complete within the allotted timeout').status,
      )
    }
    // The caller went away: nobody reads this, but the log should not call it a defect.
    if (!request.signal.aborted) {
      this.#options.log.error('request failed', {
        method: request.method,
        path: request.path,
        error: asError(error),
      })
    }
    return statusAnswer(errors.internalError(error).status)
  }
}

function statusAnswer(status: Status): Extract<Answer, { type: 'status' }> {
  const code = status.code ?? 500
  const seconds = status.details?.retryAfterSeconds
  return {
    type: 'status',
    code,
    status,
    ...(seconds === undefined || seconds === 0
      ? {}
      : { headers: { 'retry-after': String(seconds) } }),
  }
}

function pathNotFound(): Answer {
  return {
    type: 'document',
    code: 404,
    contentType: 'text/plain; charset=utf-8',
    bytes: encodeUtf8('404 page not found\n'),
    headers: { 'x-content-type-options': 'nosniff' },
  }
}

function codeOf(answer: Answer): number {
  switch (answer.type) {
    case 'object':
    case 'status':
    case 'document':
    case 'passed':
      return answer.code
    case 'upgrade':
      return 101
    case 'list':
    case 'watch':
      return 200
  }
}

/** RFC 7234 warn-code 299, as upstream sends warnings. */
function warningHeader(message: string): string {
  // Control characters and line ends cannot stand in a header.
  // oxlint-disable-next-line no-control-regex
  const text = message.replace(/[\u0000-\u001f\u007f]+/g, ' ').replace(/[\\"]/g, '\\$&')
  return `299 - "${text}"`
}

function withHeaders(
  response: ApiResponse,
  headers: Readonly<Record<string, string>>,
): ApiResponse {
  return { ...response, headers: { ...headers, ...response.headers } }
}
