import { seededRandom, silentLog, type Clock, type Log, type Random } from '#base'
import { readYaml, type KubeObject, type Resource, type StatusDetails } from '#machinery'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { openStore, type Store } from '#store'
import { groups } from '../authentication/user.ts'
import { createApiServer, type ApiServer } from '../api-server.ts'
import type { ApiRequest, ApiResponse, ByteSource } from '../request.ts'
import { ManualClock } from './manual-clock.ts'
import { userInfo } from './users.ts'

export interface TestServerOptions {
  /** Shared by several servers; its owner closes it. */
  readonly store?: Store
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  readonly extraResources?: readonly Resource[]
}

export interface TestRequest {
  /** A text or bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Nobody vouches for the caller: what counts are the headers. */
  readonly anonymous?: boolean
}

export interface TestResponse {
  readonly code: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The text read as JSON or YAML. */
  readonly object: Answered
}

/** What tests read of an answer, whatever it is; absent where the answer has it not. */
export interface Answered extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly Answered[]
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: Answered }[]
  readonly columnDefinitions: readonly { readonly name: string }[]
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly details: StatusDetails
  readonly [field: string]: unknown
}

export interface WatchedEvent {
  readonly type: string
  readonly object: Answered
}

/** A watch as its client sees it. */
export interface TestWatch {
  /** All events so far. */
  readonly events: readonly WatchedEvent[]
  readonly ended: boolean
  /** The next events that nobody has taken yet, as soon as there are so many. */
  next(count: number): Promise<readonly WatchedEvent[]>
  /** Resolves when the server has ended the stream. */
  readonly end: Promise<void>
  close(): void
}

/** A whole API server, reached as a transport reaches it: bytes in, bytes out. */
export interface TestServer extends AsyncDisposable {
  readonly server: ApiServer
  readonly store: Store
  /** Moves the server's time, unless the server was given another clock. */
  readonly clock: ManualClock
  request(method: string, target: string, request?: TestRequest): Promise<TestResponse>
  /** Adds `watch=true`. Fails unless the answer is a stream. */
  watch(target: string, request?: TestRequest): Promise<TestWatch>
}

const admin = userInfo('admin', groups.masters)
const key = privateKeyToPem(generateKeyPair('ecdsa-p256', seededRandom(1)).privateKey)

export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock instanceof ManualClock ? options.clock : new ManualClock()
  const services = {
    clock: options.clock ?? clock,
    random: options.random ?? seededRandom(1),
    log: options.log ?? silentLog,
  }
  const store = options.store ?? (await openStore({ type: 'memory', ...services }))
  const server = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: key,
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/24'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
    extraResources: options.extraResources ?? [],
  })
  return {
    server,
    store,
    clock,
    request: async (method, target, request = {}) =>
      readResponse(await server.serve(apiRequest(method, target, request))),
    async watch(target, request = {}) {
      const watching = `${target}${target.includes('?') ? '&' : '?'}watch=true`
      const response = await server.serve(apiRequest('GET', watching, request))
      if (response.body.type === 'stream') return followed(response.body)
      const { text } = readResponse(response)
      throw new Error(`watch ${target} was refused: ${text}`)
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      if (options.store === undefined) await store[Symbol.asyncDispose]()
    },
  }
}

/** A request with its body in bytes, of the administrator unless it is anonymous. */
export function apiRequest(method: string, target: string, request: TestRequest): ApiRequest {
  const question = target.indexOf('?')
  const path = question === -1 ? target : target.slice(0, question)
  const search = question === -1 ? '' : target.slice(question)
  const headers = new Map(Object.entries(request.headers ?? {}))
  const { body, contentType, accept } = request
  if (accept !== undefined) headers.set('accept', accept)
  if (contentType !== undefined) headers.set('content-type', contentType)
  else if (body !== undefined) headers.set('content-type', 'application/json')
  return {
    method,
    path,
    query: new URLSearchParams(search),
    header: (name) => headers.get(name),
    headers: (name) => (headers.has(name) ? [headers.get(name) ?? ''] : []),
    headerNames: () => headers.keys(),
    body: { type: 'bytes', read: async () => bytesOf(body), open: () => sourceOf(bytesOf(body)) },
    peer: {
      address: '127.0.0.1',
      certificate: undefined,
      user: request.anonymous === true ? undefined : admin,
    },
    signal: new AbortController().signal,
  }
}

function sourceOf(bytes: Uint8Array): ByteSource | undefined {
  if (bytes.length === 0) return undefined
  let rest: Uint8Array | undefined = bytes
  return {
    async read() {
      const next = rest
      rest = undefined
      return next
    },
    cancel() {
      rest = undefined
    },
  }
}

function bytesOf(body: unknown): Uint8Array {
  if (body === undefined) return new Uint8Array()
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

export function readResponse({ code, headers, body }: ApiResponse): TestResponse {
  if (body.type !== 'bytes' && body.type !== 'chunks') {
    throw new Error(`the answer is of type ${body.type}`)
  }
  const bytes =
    body.type === 'bytes'
      ? body.bytes
      : Buffer.concat(Array.from(body.chunks, (chunk) => Buffer.from(chunk)))
  const text = Buffer.from(bytes).toString()
  return {
    code,
    headers,
    text,
    get object() {
      const isYaml = headers['content-type']?.startsWith('application/yaml') === true
      return (isYaml ? readYaml(text).value : JSON.parse(text)) as Answered
    },
  }
}

function followed(body: Extract<ApiResponse['body'], { type: 'stream' }>): TestWatch {
  const events: WatchedEvent[] = []
  const ending = Promise.withResolvers<void>()
  let ended = false
  let taken = 0
  let arrived = Promise.withResolvers<void>()
  const handle = body.open({
    pendingBytes: 0,
    whenTaken: (run) => queueMicrotask(run),
    write(bytes) {
      const lines = Buffer.from(bytes).toString().trimEnd().split('\n')
      for (const line of lines) events.push(JSON.parse(line) as WatchedEvent)
      arrived.resolve()
      return true
    },
    end() {
      ended = true
      ending.resolve()
      arrived.resolve()
    },
  })
  return {
    events,
    end: ending.promise,
    get ended() {
      return ended
    },
    async next(count) {
      while (events.length < taken + count) {
        if (ended) throw new Error(`the watch ended after ${events.length} events`)
        arrived = Promise.withResolvers()
        await arrived.promise
      }
      taken += count
      return events.slice(taken - count, taken)
    },
    close: () => handle.close(),
  }
}
