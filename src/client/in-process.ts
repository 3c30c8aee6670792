import { asError } from '#base'
import { deepFreeze, readJson, StatusError, type KubeObject, type Status } from '#machinery'
import { ConnectionError } from './error.ts'
import { assertJson } from './json-value.ts'
import { answerBytesMax } from './limits.ts'
import type { Call, Transport, WatchHandle, WatchReceiver } from './transport.ts'

/**
 * The server side as this room sees it; the API server's handler fits. Everything on this way
 * waits by promises alone, as a simulation asks.
 */
export interface InProcessHandler {
  /** Never rejects. */
  answer(request: InProcessRequest): Promise<InProcessAnswer>
}

export interface InProcessRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  header(name: string): string | undefined
  headers(name: string): readonly string[]
  headerNames(): Iterable<string>
  readonly body: { readonly type: 'value'; readonly value: unknown }
  readonly peer: {
    readonly address: string
    readonly certificate: undefined
    readonly user: InProcessUser
  }
  readonly signal: AbortSignal
}

export interface InProcessUser {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

interface Served {
  object(): KubeObject
}

export type InProcessAnswer =
  | { readonly type: 'object'; readonly served: Served }
  | {
      readonly type: 'list'
      readonly apiVersion: string
      readonly kind: string
      readonly resourceVersion: string
      readonly continue: string
      readonly remainingItemCount: number | undefined
      readonly items: Iterable<Served>
    }
  | { readonly type: 'watch'; open(sink: WatchSink): { close(): void } }
  | { readonly type: 'status'; readonly code: number; readonly status: Status }
  | {
      readonly type: 'document'
      readonly code: number
      readonly contentType: string
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'passed'
      readonly code: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: ByteSource
    }
  | { readonly type: 'upgrade'; cancel(): void }

type Document = Extract<InProcessAnswer, { type: 'document' }>
type Passed = Extract<InProcessAnswer, { type: 'passed' }>

interface ByteSource {
  read(): Promise<Uint8Array | undefined>
  cancel(): void
}

interface WatchSink {
  events(
    events: readonly {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
      readonly served: Served
    }[],
  ): void
  end(error?: Status): void
}

export interface InProcessOptions {
  readonly user: InProcessUser
  readonly userAgent: string
}

/**
 * Calls an API server in the same process as `user`, through the same authorization and admission
 * as any other caller. Objects handed out are the server's own frozen ones.
 */
export function inProcessTransport(
  handler: InProcessHandler,
  options: InProcessOptions,
): Transport {
  return new InProcessTransport(handler, options)
}

class InProcessTransport implements Transport {
  readonly #handler: InProcessHandler
  readonly #options: InProcessOptions
  readonly #closing = new AbortController()

  constructor(handler: InProcessHandler, options: InProcessOptions) {
    this.#handler = handler
    this.#options = options
  }

  async send(call: Call): Promise<unknown> {
    const answer = await this.#answer(call)
    switch (answer.type) {
      case 'object':
        return answer.served.object()
      case 'list':
        return listOf(answer)
      case 'status':
        if (answer.code >= 400) throw new StatusError(answer.status)
        return deepFreeze(answer.status)
      case 'document':
        return documentOf(answer)
      case 'passed':
        return documentOf(await this.#whole(answer, call.signal))
      case 'upgrade':
        answer.cancel()
        throw new ConnectionError('Malformed', 'there is no connection here to be upgraded')
      case 'watch':
        throw new ConnectionError('Malformed', 'the answer is a watch; it was not asked for')
    }
  }

  watch(call: Call, receiver: WatchReceiver): WatchHandle {
    let over = false
    let opened: { close(): void } | undefined
    const close = () => {
      over = true
      opened?.close()
      opened = undefined
      this.#closing.signal.removeEventListener('abort', giveUp)
      call.signal?.removeEventListener('abort', giveUp)
    }
    const end = (error?: Error) => {
      if (over) return
      close()
      receiver.end(error)
    }
    const giveUp = () => end(new ConnectionError('Closed', 'the watch was given up'))
    const start = async () => {
      const answer = await this.#answer(call)
      if (over) return
      if (answer.type === 'status') return end(new StatusError(answer.status))
      if (answer.type !== 'watch') return end(new ConnectionError('Malformed', 'no watch'))
      const handle = answer.open({
        events(events) {
          for (const { type, served } of events) {
            if (over) return
            receiver.event({ type, object: served.object() })
          }
        },
        end: (status) => end(status === undefined ? undefined : new StatusError(status)),
      })
      if (over) handle.close()
      else opened = handle
    }
    start().catch((error: unknown) => end(asError(error)))
    this.#closing.signal.addEventListener('abort', giveUp)
    call.signal?.addEventListener('abort', giveUp)
    return { close }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ConnectionError('Closed', 'the client was closed'))
  }

  /** Reads what is passed on from elsewhere (a log) to its end. */
  async #whole(
    { code, headers, body }: Passed,
    signal: AbortSignal | undefined,
  ): Promise<Document> {
    const chunks: Uint8Array[] = []
    let length = 0
    const read = async () => {
      for (;;) {
        const bytes = await body.read()
        if (bytes === undefined) break
        length += bytes.byteLength
        if (length > answerBytesMax) {
          throw new ConnectionError('Malformed', `an answer of over ${answerBytesMax} bytes`)
        }
        chunks.push(bytes)
      }
      const contentType = headers['content-type'] ?? ''
      return { type: 'document' as const, code, contentType, bytes: Buffer.concat(chunks) }
    }
    try {
      return await this.#orGivenUp(read(), signal)
    } finally {
      body.cancel()
    }
  }

  #answer(call: Call): Promise<InProcessAnswer> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(new ConnectionError('Closed', 'the client was closed'))
    }
    if (call.signal?.aborted === true) {
      return Promise.reject(new ConnectionError('Closed', 'the call was given up'))
    }
    const headers = new Map([['user-agent', this.#options.userAgent]])
    if (call.body !== undefined) {
      assertJson(call.body)
      headers.set('content-type', call.contentType ?? 'application/json')
    }
    const answer = this.#handler.answer({
      method: call.method,
      path: call.path,
      query: new URLSearchParams(call.query),
      header: (name) => headers.get(name),
      headers: (name) => (headers.has(name) ? [headers.get(name) ?? ''] : []),
      headerNames: () => headers.keys(),
      body: { type: 'value', value: call.body },
      peer: { address: '', certificate: undefined, user: this.#options.user },
      signal: call.signal ?? this.#closing.signal,
    })
    return this.#orGivenUp(answer, call.signal)
  }

  /** The server may still finish what it began; the caller no longer waits for it. */
  #orGivenUp<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const signals = signal === undefined ? [this.#closing.signal] : [signal, this.#closing.signal]
      const giveUp = () => {
        forget()
        reject(new ConnectionError('Closed', 'the call was given up'))
      }
      const forget = () => {
        for (const each of signals) each.removeEventListener('abort', giveUp)
      }
      for (const each of signals) each.addEventListener('abort', giveUp)
      answer.then(resolve, reject).finally(forget)
    })
  }
}

function listOf(answer: Extract<InProcessAnswer, { type: 'list' }>): unknown {
  const { apiVersion, kind, resourceVersion, remainingItemCount } = answer
  const items = Array.from(answer.items, (served) => served.object())
  const metadata = {
    resourceVersion,
    ...(answer.continue === '' ? {} : { continue: answer.continue }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  }
  return deepFreeze({ apiVersion, kind, metadata, items })
}

function documentOf(answer: Document): unknown {
  const text = () => Buffer.from(answer.bytes).toString()
  if (answer.code >= 400) {
    throw new ConnectionError('Malformed', `the server answered ${answer.code}: ${text()}`)
  }
  if (!answer.contentType.startsWith('application/json')) return text()
  return deepFreeze(readJson(answer.bytes, { maxBytes: answerBytesMax, maxDepth: 1000 }).value)
}
