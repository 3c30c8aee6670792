import { asError, type Clock } from '#base'
import {
  deepFreeze,
  errors,
  readJson,
  StatusError,
  stringifyJson,
  type JsonLimits,
  type KubeObject,
  type Status,
} from '#machinery'
import { ConnectionError } from '../error.ts'
import { assertJson } from '../json-value.ts'
import { answerBytesMax, callTimeoutMs } from '../limits.ts'
import type { Call, RawWatchEvent, Transport, WatchHandle, WatchReceiver } from '../transport.ts'
import type { Endpoint, HttpCall, HttpConnection } from './connection.ts'
import { FrameReader } from './frames.ts'
import { Http2Connection } from './http2-connection.ts'

export interface HttpsTransportOptions {
  readonly clock: Clock
  /** Product/version, such as k8ts/0.1.0; the manager of fields where a write names none. */
  readonly userAgent: string
}

/** Calls an API server over HTTPS; connects with the first call. */
export function httpsTransport(endpoint: Endpoint, options: HttpsTransportOptions): Transport {
  return new HttpsTransport(endpoint, new Http2Connection(endpoint, options.clock), options)
}

interface Answer {
  readonly code: number
  readonly contentType: string
  readonly body: Uint8Array
  readonly retryAfter: number | undefined
}

class HttpsTransport implements Transport {
  readonly #connection: HttpConnection
  readonly #endpoint: Endpoint
  readonly #options: HttpsTransportOptions
  readonly #basePath: string
  readonly #open = new Set<(error: Error) => void>()
  #closed = false

  constructor(endpoint: Endpoint, connection: HttpConnection, options: HttpsTransportOptions) {
    this.#endpoint = endpoint
    this.#connection = connection
    this.#options = options
    this.#basePath = new URL(endpoint.server).pathname.replace(/\/$/, '')
  }

  async send(call: Call): Promise<unknown> {
    return decodeAnswer(await this.#exchange(call))
  }

  watch(call: Call, receiver: WatchReceiver): WatchHandle {
    const frames = new FrameReader()
    const refusal: Uint8Array[] = []
    let head = { code: 0, contentType: '', retryAfter: undefined as number | undefined }
    let over = false
    const end = (error?: Error) => {
      if (over) return
      over = true
      this.#open.delete(end)
      stop()
      receiver.end(error)
    }
    const http = this.#prepare(call)
    this.#open.add(end)
    const stop = this.#connection.start(http, {
      head: (code, headers) => (head = { code, ...headOf(headers) }),
      data: (bytes) => {
        if (head.code !== 200) {
          refusal.push(bytes)
          return
        }
        try {
          for (const frame of frames.take(bytes)) {
            if (over) return
            deliver(frame, receiver, end)
          }
        } catch (error) {
          end(asError(error))
        }
      },
      end: (error) => {
        if (error !== undefined || head.code === 200) end(error)
        else end(failureOf({ ...head, body: Buffer.concat(refusal) }))
      },
    })
    onAbort(call.signal, () => end(new ConnectionError('Closed', 'the watch was given up')))
    return {
      close: () => {
        over = true
        this.#open.delete(end)
        stop()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const end of this.#open) end(new ConnectionError('Closed', 'the client was closed'))
    this.#connection.close()
  }

  #exchange(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const http = this.#prepare(call)
      const parts: Uint8Array[] = []
      let length = 0
      let head = { code: 0, contentType: '', retryAfter: undefined as number | undefined }
      const settle = (then: () => void) => {
        timer.cancel()
        forgetAbort()
        this.#open.delete(fail)
        then()
      }
      const fail = (error: Error) => {
        stop()
        settle(() => reject(error))
      }
      const timer = this.#options.clock.timer(callTimeoutMs, () =>
        fail(new ConnectionError('Timeout', `no answer within ${callTimeoutMs} ms`)),
      )
      this.#open.add(fail)
      const stop = this.#connection.start(http, {
        head: (code, headers) => (head = { code, ...headOf(headers) }),
        data: (bytes) => {
          length += bytes.byteLength
          if (length <= answerBytesMax) parts.push(bytes)
          else fail(new ConnectionError('Malformed', `an answer of over ${answerBytesMax} bytes`))
        },
        end: (error) =>
          settle(() => {
            if (error === undefined) resolve({ ...head, body: Buffer.concat(parts) })
            else reject(error)
          }),
      })
      const forgetAbort = onAbort(call.signal, () =>
        fail(new ConnectionError('Closed', 'the call was given up')),
      )
    })
  }

  /** Throws what makes a call impossible, before anything is sent. */
  #prepare(call: Call): HttpCall {
    if (this.#closed) throw new ConnectionError('Closed', 'the client was closed')
    const query = new URLSearchParams(call.query).toString()
    const token = this.#endpoint.token?.()
    let body: Uint8Array | undefined
    if (call.body !== undefined) {
      assertJson(call.body)
      body = Buffer.from(stringifyJson(call.body))
    }
    return {
      method: call.method,
      path: `${this.#basePath}${call.path}${query === '' ? '' : `?${query}`}`,
      headers: {
        accept: 'application/json',
        'user-agent': this.#options.userAgent,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
      },
      body,
    }
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

function headOf(headers: Headers): { contentType: string; retryAfter: number | undefined } {
  const seconds = Number(headers['retry-after'])
  return {
    contentType: String(headers['content-type'] ?? ''),
    retryAfter: Number.isInteger(seconds) && seconds > 0 ? seconds : undefined,
  }
}

function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) queueMicrotask(run)
  signal.addEventListener('abort', run, { once: true })
  return () => signal.removeEventListener('abort', run)
}

function deliver(frame: Uint8Array, receiver: WatchReceiver, end: (error: Error) => void): void {
  const event = readValue(frame)
  if (!isObject(event) || !isObject(event['object'])) {
    throw new ConnectionError('Malformed', 'a watch event is no event')
  }
  const { type, object } = event
  if (type === 'ERROR') end(new StatusError(object as unknown as Status))
  // The server's kinds are the types' source; what it sends is taken at its word.
  else receiver.event({ type, object } as unknown as RawWatchEvent)
}

function decodeAnswer(answer: Answer): unknown {
  if (answer.code < 200 || answer.code > 299) throw failureOf(answer)
  if (isJson(answer)) return readValue(answer.body)
  return Buffer.from(answer.body).toString()
}

/** The Status of a refusal; one is made up where something in between answered. */
function failureOf(answer: Answer): Error {
  const value = isJson(answer) ? readValue(answer.body) : undefined
  if (isObject(value) && value['kind'] === 'Status') {
    return new StatusError(value as unknown as Status)
  }
  const text = Buffer.from(answer.body.subarray(0, 2048)).toString().trim()
  if (answer.code === 429) {
    return errors.tooManyRequests(text, answer.retryAfter ?? 1)
  }
  if (answer.code === 503) return errors.serviceUnavailable(text, answer.retryAfter)
  return new ConnectionError('Malformed', `the server answered ${answer.code}: ${text}`)
}

function isJson({ contentType }: Answer): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/.test(contentType)
}

const limits: JsonLimits = { maxBytes: answerBytesMax, maxDepth: 1000 }

function readValue(bytes: Uint8Array): unknown {
  try {
    return deepFreeze(readJson(bytes, limits).value)
  } catch (error) {
    throw new ConnectionError('Malformed', `an answer is no JSON: ${asError(error).message}`, {
      cause: error,
    })
  }
}

function isObject(value: unknown): value is Record<string, unknown> & Partial<KubeObject> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
