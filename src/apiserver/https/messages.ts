import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Writable } from 'node:stream'

/** Node's two pairs of messages; of the responses only what both have is used. */
export type HttpRequest = IncomingMessage | Http2ServerRequest

export interface HttpResponse extends Writable {
  readonly headersSent: boolean
  setHeader(name: string, value: readonly string[]): unknown
  writeHead(code: number, headers: Readonly<Record<string, string>>): unknown
  flushHeaders(): void
  writeContinue(): void
}

export function isHttp2(request: HttpRequest): request is Http2ServerRequest {
  return request.httpVersionMajor === 2
}

/** The peer has gone within the body. Of HTTP/2, what it had sent ends as if it were whole. */
export function isCutOff(request: HttpRequest): boolean {
  return isHttp2(request) ? request.stream.aborted : request.destroyed && !request.readableEnded
}

declare module 'node:http2' {
  interface Http2ServerResponse {
    /** There since Node 8; the types have forgotten it. */
    flushHeaders(): void
  }
}

/** Both are what the interface says; checked here so that nothing has to be cast. */
export function asHttpResponse(response: ServerResponse | Http2ServerResponse): HttpResponse {
  return response
}
