import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { encodeUtf8, errors } from '#machinery'
import { join, socketPipe } from '#streaming'
import { readableSource } from '../https/readable-source.ts'
import type { ProxiedPath } from '../kinds/proxied-path.ts'
import type { Answer, ApiRequest, ByteSource, PassedAnswer } from '../request.ts'
import { addressOf, type Endpoint } from './endpoint.ts'
import { exchange, type ExchangeContext } from './exchange.ts'
import { HtmlRewriter } from './html-rewriter.ts'
import type { OpenStreams } from './open-streams.ts'
import { requestHeaders, responseHeaders, upgradeHeaders } from './proxy-headers.ts'
import { ReachError } from './reach-error.ts'
import { rewriteUrl, type Rewriting } from './rewrite-url.ts'

export interface ProxyPassage {
  readonly endpoint: Endpoint
  readonly request: ApiRequest
  readonly path: ProxiedPath
  readonly streams: OpenStreams
}

/**
 * Passes a request on and its answer back, as upstream's proxy subresources do: redirects and pages
 * are rewritten so that they lead back through the proxy; other protocols are joined as they are.
 */
export async function passProxy(passage: ProxyPassage, ctx: ExchangeContext): Promise<Answer> {
  const { endpoint, request } = passage
  const { path } = passage.path
  const search = searchOf(request)
  const reads = request.method === 'GET' || request.method === 'HEAD'
  // Relative references of a page need a path to be relative to.
  if (path === '' && reads && request.upgrade === undefined) {
    return redirect(`${request.path}/${search}`)
  }
  // Who asks in process names no host.
  const headers = { host: addressOf(endpoint), ...requestHeaders(request, request.path) }
  const { upgrade } = request
  const outgoing = {
    method: request.method,
    path: `${path === '' ? '/' : path}${search}`,
    headers: upgrade === undefined ? headers : upgradeHeaders(headers, upgrade),
    body: bodyOf(request),
  }
  try {
    const incoming = await exchange(endpoint, outgoing, ctx)
    if (incoming.type === 'response') return passAnswer(incoming.message, passage)
    if (upgrade !== undefined) return joined(incoming, passage.streams)
    incoming.socket.destroy()
    throw new ReachError('unexpected switch of protocols')
  } catch (error) {
    outgoing.body?.cancel()
    if (!(error instanceof ReachError)) throw error
    throw errors.serviceUnavailable(`error trying to reach service: ${error.message}`)
  }
}

function searchOf(request: ApiRequest): string {
  const query = request.rawQuery ?? request.query.toString()
  return query === '' ? '' : `?${query}`
}

function redirect(location: string): Answer {
  return {
    type: 'document',
    code: 301,
    contentType: 'text/plain; charset=utf-8',
    bytes: new Uint8Array(),
    headers: { location },
  }
}

function bodyOf({ body }: ApiRequest): ByteSource | undefined {
  if (body.type === 'bytes') return body.open()
  if (body.value === undefined) return undefined
  let rest: Uint8Array | undefined = encodeUtf8(JSON.stringify(body.value))
  return {
    async read() {
      const bytes = rest
      rest = undefined
      return bytes
    },
    cancel() {
      rest = undefined
    },
  }
}

function passAnswer(message: IncomingMessage, passage: ProxyPassage): PassedAnswer {
  const { endpoint, request, path } = passage
  const { headers: given, cookies } = responseHeaders(message.headersDistinct)
  const { location, ...others } = given
  const rewriting: Rewriting = {
    prefix: path.prefix,
    hosts: [addressOf(endpoint), request.header('host') ?? ''],
  }
  const code = message.statusCode ?? 502
  const answer = { type: 'passed', code, cookies } as const
  if (location !== undefined) {
    const headers = { ...others, location: rewriteUrl(location, rewriting) }
    return { ...answer, headers, body: readableSource(message) }
  }
  const decoded = isPage(given) && request.method !== 'HEAD' ? decode(message, given) : undefined
  if (decoded === undefined) return { ...answer, headers: given, body: readableSource(message) }
  // Its length, and what it was packed in, are no longer known.
  const { 'content-length': _l, 'content-encoding': _e, ...headers } = given
  return { ...answer, headers, body: rewritten(readableSource(decoded), rewriting) }
}

function isPage(headers: Readonly<Record<string, string>>): boolean {
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1)
  return type.trim() === 'text/html'
}

/** Undefined where the encoding is none that can be undone: the page passes as it is. */
function decode(
  message: IncomingMessage,
  headers: Readonly<Record<string, string>>,
): Readable | undefined {
  const encoding = headers['content-encoding'] ?? ''
  if (encoding === '' || encoding === 'identity') return message
  if (encoding !== 'gzip' && encoding !== 'deflate') return undefined
  const unzip = encoding === 'gzip' ? createGunzip() : createInflate()
  message.once('error', (error) => unzip.destroy(error))
  unzip.once('close', () => message.destroy())
  return message.pipe(unzip)
}

function rewritten(source: ByteSource, rewriting: Rewriting): ByteSource {
  const rewriter = new HtmlRewriter((reference) => rewriteUrl(reference, rewriting))
  let over = false
  return {
    async read() {
      while (!over) {
        const bytes = await source.read()
        over = bytes === undefined
        const out = bytes === undefined ? rewriter.end() : rewriter.push(bytes)
        if (out.length > 0) return out
      }
      return undefined
    },
    cancel: () => source.cancel(),
  }
}

/** Both sides have agreed: from here on the bytes are theirs. */
function joined(
  incoming: {
    readonly message: IncomingMessage
    readonly socket: Duplex
    readonly head: Uint8Array
  },
  streams: OpenStreams,
): Answer {
  const { message, socket, head } = incoming
  const end = () => {
    socket.on('error', () => {})
    socket.destroy()
  }
  const forget = streams.add(end)
  return {
    type: 'upgrade',
    async accept(connection) {
      try {
        connection.socket.write(switchingHead(message), 'latin1')
        await join(socketPipe(connection.socket, connection.head), socketPipe(socket, head))
      } finally {
        end()
        forget()
      }
    },
    cancel() {
      end()
      forget()
    },
  }
}

/** The answer's head as it came, with what is about its connection; characters are bytes. */
function switchingHead({ rawHeaders }: IncomingMessage): string {
  const lines = ['HTTP/1.1 101 Switching Protocols']
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at] ?? ''}: ${rawHeaders[at + 1] ?? ''}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
