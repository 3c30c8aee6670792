import type { ApiRequest, ByteSink } from '#apiserver'
import { must, realClock } from '#base'
import { prefixEnd } from '#store'
import { configMap } from '../objects.ts'
import { memoryStore, startApiServer } from './api-server.ts'

/**
 * Events of 4 KB to 100 watchers: from the store's stream through cache, filters and encoding to the
 * bytes that a transport is handed. Sockets and TLS are not in it, nor is the writing.
 */
export interface FanOutResult {
  readonly eventsPerSecond: number
  readonly bytesPerSecond: number
}

const watchers = 100
const writes = 4_000
const batch = 50

const store = await memoryStore()
const server = await startApiServer(store)
const user = { name: 'bench', uid: '', groups: ['system:masters'], extra: {} }
const request = (method: string, path: string, query: string, value?: unknown): ApiRequest => ({
  method,
  path,
  query: new URLSearchParams(query),
  header: () => undefined,
  headers: () => [],
  headerNames: () => [],
  body: { type: 'value', value },
  peer: { address: '', certificate: undefined, user },
  signal: new AbortController().signal,
})
const path = '/api/v1/namespaces/default/configmaps'

let bytes = 0
let events = 0
const sink: ByteSink = {
  pendingBytes: 0,
  whenTaken: (run) => queueMicrotask(run),
  write(frames) {
    bytes += frames.byteLength
    for (let at = frames.indexOf(10); at !== -1; at = frames.indexOf(10, at + 1)) events++
    return true
  },
  end() {},
}

// What is written is the watch's input: it is made through the API once and put again below it.
await server.answer(request('POST', path, '', configMap('template', 4_096)))
const key = '/registry/configmaps/default/template'
const { records } = await store.range({ start: key, end: prefixEnd(key) })
const template = Buffer.from(must(records[0], 'it was written').value).toString()

for (let i = 0; i < watchers; i++) {
  const { body } = await server.serve(request('GET', path, 'watch=true'))
  if (body.type === 'stream') body.open(sink)
}
await realClock.yield()
await round(0, 400)
;[bytes, events] = [0, 0]
const started = process.cpuUsage()
await round(400, writes)
const used = process.cpuUsage(started)
const seconds = (used.user + used.system) / 1e6
const result: FanOutResult = { eventsPerSecond: events / seconds, bytesPerSecond: bytes / seconds }
process.stdout.write(JSON.stringify(result))
process.exit(0)

async function round(from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += batch) {
    await Promise.all(
      Array.from({ length: batch }, (_, i) => {
        const name = `event-${at + i}`
        const value = Buffer.from(template.replace('"name":"template"', `"name":"${name}"`))
        const put = { type: 'put', key: `/registry/configmaps/default/${name}`, value } as const
        return store.txn({ compare: [], ops: [put] })
      }),
    )
    await realClock.yield()
  }
}
