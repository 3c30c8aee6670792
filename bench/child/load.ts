import { connect, type ClientHttp2Session } from 'node:http2'
import { realClock } from '#base'
import type { Endpoint } from '#client'
import { configMap, pod, unstarted } from '../objects.ts'
import { percentile } from '../row.ts'

/**
 * Puts load on an API server over HTTPS, from a process of its own and straight on Node's HTTP/2,
 * so that little of the machine goes into the measuring.
 */
export type LoadJob =
  | {
      readonly type: 'create'
      readonly endpoint: Endpoint
      readonly kind: 'ConfigMap' | 'Pod'
      readonly clients: number
      /** Clients share connections, as those of one process do. */
      readonly connections: number
      readonly forMs: number
    }
  | {
      readonly type: 'read'
      readonly endpoint: Endpoint
      readonly path: string
      readonly accept: string
      readonly times: number
    }
  | {
      readonly type: 'watch'
      readonly endpoint: Endpoint
      readonly watchers: number
      readonly connections: number
      readonly writesPerSecond: number
      readonly bytes: number
      readonly forMs: number
    }
  | {
      readonly type: 'bind'
      readonly endpoint: Endpoint
      readonly pods: number
      readonly clients: number
    }

export interface BindResult {
  /** From the first create until a watch has shown the last pod bound. */
  readonly ms: number
}

export interface CreateResult {
  readonly count: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface ReadResult {
  readonly bytes: number
  readonly msEach: readonly number[]
}

export interface WatchResult {
  readonly writesPerSecond: number
  readonly eventsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const addedEvent = '{"type":"ADDED"'

const job = JSON.parse(process.argv[2] ?? '{}') as LoadJob
const result = await run(job)
process.stdout.write(JSON.stringify(result))
process.exit(0)

async function run(job: LoadJob): Promise<BindResult | CreateResult | ReadResult | WatchResult> {
  switch (job.type) {
    case 'create':
      return creates(job)
    case 'read':
      return reads(job)
    case 'watch':
      return watches(job)
    case 'bind':
      return binds(job)
  }
}

async function creates(job: Extract<LoadJob, { type: 'create' }>): Promise<CreateResult> {
  const { endpoint, kind, clients, connections, forMs } = job
  const sessions = Array.from({ length: connections }, () => open(endpoint))
  const make = kind === 'Pod' ? pod : configMap
  const path = `/api/v1/namespaces/default/${kind === 'Pod' ? 'pods' : 'configmaps'}`
  const delays: number[] = []
  const prefix = `${kind.toLowerCase()}-${process.pid}`
  const started = realClock.elapsed()
  const client = async (session: ClientHttp2Session, index: number) => {
    for (let i = 0; realClock.elapsed() - started < forMs; i++) {
      const sent = realClock.elapsed()
      await create(session, path, make(`${prefix}-${index}-${i}`))
      delays.push(realClock.elapsed() - sent)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, i) => client(pick(sessions, i), i)))
  const perSecond = (delays.length * 1_000) / (realClock.elapsed() - started)
  return {
    count: delays.length,
    perSecond,
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
  }
}

async function reads(job: Extract<LoadJob, { type: 'read' }>): Promise<ReadResult> {
  const session = open(job.endpoint)
  const msEach: number[] = []
  let bytes = 0
  for (let i = 0; i < job.times; i++) {
    const started = realClock.elapsed()
    bytes = 0
    await exchange(session, { ':path': job.path, accept: job.accept }, undefined, (chunk) => {
      bytes += chunk.byteLength
    })
    msEach.push(realClock.elapsed() - started)
  }
  return { bytes, msEach }
}

/** Watchers that count what they get, one of them that reads it, and a writer at an even rate. */
async function watches(job: Extract<LoadJob, { type: 'watch' }>): Promise<WatchResult> {
  const { endpoint, watchers, connections, writesPerSecond, bytes, forMs } = job
  const sessions = Array.from({ length: connections }, () => open(endpoint))
  const path = '/api/v1/namespaces/default/configmaps'
  const from = await presentVersion(pick(sessions, 0), path)
  let events = 0
  const delays: number[] = []
  for (let i = 0; i < watchers; i++) {
    const headers = { ':path': `${path}?watch=true&resourceVersion=${from}` }
    const heard = (chunk: Uint8Array) => {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) events++
      if (i === 0) readDelays(chunk, delays)
    }
    await opened(pick(sessions, i), headers, heard)
  }
  const writer = open(endpoint)
  const writes = { done: 0, open: new Set<Promise<unknown>>() }
  events = 0
  delays.length = 0
  const started = realClock.elapsed()
  let due = 0
  for (let now = 0; now < forMs; now = realClock.elapsed() - started) {
    for (; due < (now * writesPerSecond) / 1_000 && writes.open.size < 500; due++) {
      const name = `event-${process.pid}-${due}`
      const write = create(
        writer,
        path,
        configMap(name, bytes, { sent: String(realClock.elapsed()) }),
      )
      writes.open.add(write)
      void write.then(() => {
        writes.done++
        writes.open.delete(write)
      })
    }
    await realClock.sleep(1)
  }
  await Promise.all(writes.open)
  const lastMs = realClock.elapsed() - started
  await realClock.sleep(500)
  return {
    writesPerSecond: (writes.done * 1_000) / lastMs,
    eventsPerSecond: (events * 1_000) / lastMs,
    p50Ms: percentile(delays, 0.5),
    p99Ms: percentile(delays, 0.99),
  }
}

async function binds({
  endpoint,
  pods,
  clients,
}: Extract<LoadJob, { type: 'bind' }>): Promise<BindResult> {
  const path = '/api/v1/namespaces/default/pods'
  const watcher = open(endpoint)
  const from = await presentVersion(watcher, path)
  let bound = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  // A pod is new to this watch when it gets its node.
  const query = `watch=true&fieldSelector=spec.nodeName!%3D&resourceVersion=${from}`
  let rest = ''
  await opened(watcher, { ':path': `${path}?${query}` }, (chunk) => {
    const text = rest + Buffer.from(chunk).toString('latin1')
    bound += text.split(addedEvent).length - 1
    // What may be the begin of the mark, but not a whole one.
    rest = text.slice(-addedEvent.length + 1)
    if (bound >= pods) resolve()
  })
  const writer = open(endpoint)
  const prefix = `bind-${process.pid}`
  const started = realClock.elapsed()
  let next = 0
  const client = async () => {
    while (next < pods) await create(writer, path, unstarted(`${prefix}-${next++}`))
  }
  await Promise.all(Array.from({ length: clients }, client))
  await promise
  return { ms: realClock.elapsed() - started }
}

async function presentVersion(session: ClientHttp2Session, path: string): Promise<string> {
  let text = ''
  const headers = { ':path': `${path}?limit=1` }
  await exchange(session, headers, undefined, (chunk) => (text += Buffer.from(chunk).toString()))
  return /"resourceVersion":"(\d+)"/.exec(text)?.[1] ?? ''
}

/** The writer's stamps in a chunk; a stamp that is cut by the end of a chunk is left out. */
function readDelays(chunk: Uint8Array, delays: number[]): void {
  const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
  for (const [, sent] of text.matchAll(/"sent":"([\d.]+)"/g)) {
    delays.push(realClock.elapsed() - Number(sent))
  }
}

function create(session: ClientHttp2Session, path: string, object: object): Promise<void> {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/json' }
  return exchange(session, headers, JSON.stringify(object), () => {})
}

/** Resolves with the last byte of an answer. */
async function exchange(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: string | undefined,
  onData: (chunk: Uint8Array) => unknown,
): Promise<void> {
  const stream = await opened(session, headers, onData, body)
  await new Promise<void>((resolve, reject) => {
    stream.once('end', resolve)
    stream.once('error', reject)
  })
}

/** Resolves when the answer has begun. */
function opened(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  onData: (chunk: Uint8Array) => unknown,
  body?: string,
) {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return new Promise<typeof stream>((resolve, reject) => {
    stream.once('error', reject)
    stream.once('response', (head) => {
      const code = Number(head[':status'])
      if (code >= 300) {
        reject(new Error(`the server answered ${code} to ${headers[':path']}`))
        return
      }
      stream.on('data', onData)
      resolve(stream)
    })
  })
}

function open({ server, ca, certificate, key }: Endpoint): ClientHttp2Session {
  const session = connect(server, {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    settings: { enablePush: false, initialWindowSize: 4 << 20 },
  })
  session.setMaxListeners(0)
  session.once('connect', () => session.setLocalWindowSize(64 << 20))
  return session
}

function pick<T>(all: readonly T[], index: number): T {
  const found = all[index % all.length]
  if (found === undefined) throw new Error('there is a connection')
  return found
}
