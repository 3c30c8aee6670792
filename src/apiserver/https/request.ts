import type { Clock } from '#base'
import type { ApiRequest, Peer, RequestBody } from '../request.ts'
import { readBody } from './body.ts'
import { isHttp2, type HttpRequest } from './messages.ts'
import { readableSource } from './readable-source.ts'

/** What the transport itself decides about a request. */
export interface RequestContext {
  readonly peer: Peer
  readonly clock: Clock
  /** Asks the peer for the body, where it waits to be asked (Expect: 100-continue). */
  readonly sendContinue: (() => void) | undefined
  /** The request's connection may change hands. */
  readonly upgradable: boolean
}

/** A request of either HTTP version as an ApiRequest. */
export class HttpApiRequest implements ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly rawQuery: string
  readonly body: RequestBody
  readonly peer: Peer
  readonly upgrade: string | undefined
  readonly #message: HttpRequest
  #abort: AbortController | undefined
  #gone = false

  constructor(message: HttpRequest, context: RequestContext) {
    const url = originForm(message.url ?? '/')
    const mark = url.indexOf('?')
    this.#message = message
    this.method = message.method ?? 'GET'
    this.path = mark < 0 ? url : url.slice(0, mark)
    this.rawQuery = mark < 0 ? '' : url.slice(mark + 1)
    this.query = new URLSearchParams(this.rawQuery)
    this.peer = context.peer
    this.upgrade = context.upgradable ? message.headers.upgrade?.toLowerCase() : undefined
    this.body = {
      type: 'bytes',
      read: (limit) => {
        context.sendContinue?.()
        return readBody(message, limit, context.clock)
      },
      open: () => {
        if (!hasBody(message)) return undefined
        context.sendContinue?.()
        return readableSource(message)
      },
    }
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name]
    if (value !== undefined) return typeof value === 'string' ? value : value.join(', ')
    if (name === 'host' && isHttp2(this.#message)) return this.#message.authority
    return undefined
  }

  headers(name: string): readonly string[] {
    // Most are asked for in vain, and the names as they were written are slow to compare.
    if (this.#message.headers[name] === undefined) return []
    const values: string[] = []
    const raw = this.#message.rawHeaders
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const value = raw[i + 1]
      if (raw[i]?.toLowerCase() === name && value !== undefined) values.push(value)
    }
    return values
  }

  *headerNames(): Generator<string> {
    for (const name in this.#message.headers) if (!name.startsWith(':')) yield name
  }

  /** Made on demand: most requests are answered before anybody asks. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#gone) this.#abort.abort(peerGone())
    return this.#abort.signal
  }

  /** The peer has gone before its answer was complete. */
  abort(): void {
    this.#gone = true
    this.#abort?.abort(peerGone())
  }
}

export function hasBody(message: HttpRequest): boolean {
  if (isHttp2(message)) return !message.stream.endAfterHeaders
  const { headers } = message
  if (headers['transfer-encoding'] !== undefined) return true
  return Number(headers['content-length'] ?? 0) > 0
}

function peerGone(): Error {
  return new Error('the client has gone')
}

/** Proxies may send the whole URL (RFC 9112, section 3.2.2). */
function originForm(url: string): string {
  if (url.startsWith('/')) return url
  const match = /^https?:\/\/[^/?]*(.*)$/i.exec(url)
  const rest = match?.[1] ?? url
  return rest.startsWith('/') ? rest : `/${rest}`
}
