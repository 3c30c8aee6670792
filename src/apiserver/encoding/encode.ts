import type { Clock } from '#base'
import { encodeUtf8, errors, stringifyJson, stringifyYaml, type Status } from '#machinery'
import { limits } from '../limits.ts'
import type {
  ApiRequest,
  ApiResponse,
  ByteSink,
  ListAnswer,
  ObjectAnswer,
  Served,
  StatusAnswer,
  WatchAnswer,
  WatchEvent,
} from '../request.ts'
import { negotiate, type Representation } from './negotiate.ts'
import { JsonBuffer } from './json-buffer.ts'
import { encodeAsProtobuf } from './protobuf.ts'
import { openStream } from './stream.ts'
import {
  columnDefinitions,
  writePartial,
  writeRow,
  type IncludeObject,
  type TableForm,
} from './table.ts'

/** What has a representation in several forms. */
export type EncodedAnswer = ObjectAnswer | ListAnswer | WatchAnswer | StatusAnswer

/** The answer in the bytes that the request accepts. */
export function encodeAnswer(
  request: ApiRequest,
  answer: EncodedAnswer,
  clock: Clock,
): ApiResponse {
  const protobuf = hasProtobuf(answer)
  const form =
    answer.type === 'status'
      ? statusForm(request)
      : negotiate(request, { streams: answer.type === 'watch', protobuf })
  if (form.format === 'protobuf') return encodeAsProtobuf(form, answer)
  if (answer.type === 'status') {
    const { code, body, headers } = whole(form, answer.code, JSON.stringify(answer.status))
    return { code, body, headers: { ...headers, ...answer.headers } }
  }
  const table = { version: form.version, include: includeObject(request), nowMs: clock.now() }
  switch (answer.type) {
    case 'object':
      return whole(form, answer.code, objectJson(answer.served, form, table))
    case 'list': {
      const chunks = listChunks(answer, form, table)
      if (form.format === 'json' && !form.pretty) {
        return {
          code: 200,
          headers: { 'content-type': form.contentType },
          body: { type: 'chunks', chunks },
        }
      }
      return whole(form, 200, Buffer.concat([...copies(chunks)]))
    }
    case 'watch':
      return {
        code: 200,
        headers: { 'content-type': form.contentType },
        body: { type: 'stream', open: (sink) => openWatch(answer, form, table, clock, sink) },
      }
  }
}

function hasProtobuf(answer: EncodedAnswer): boolean {
  switch (answer.type) {
    case 'list':
    case 'watch':
      return answer.itemSchema.structural === undefined
    case 'object':
      return answer.served.schema.structural === undefined
    case 'status':
      return true
  }
}

/** Throws the refusal of a request whose answer could not be given as it asks. */
export function checkAcceptable(
  request: ApiRequest,
  possible: { readonly streams: boolean; readonly protobuf: boolean },
): void {
  negotiate(request, possible)
  includeObject(request)
}

/** A Status is itself in every form, and JSON for who accepts none. */
function statusForm(request: ApiRequest): Representation {
  try {
    const form = negotiate(request, { streams: false, protobuf: true })
    const [contentType = ''] = form.contentType.split(';', 1)
    return { ...form, as: undefined, contentType }
  } catch {
    return {
      format: 'json',
      pretty: false,
      as: undefined,
      version: 'v1',
      contentType: 'application/json',
    }
  }
}

function whole(form: Representation, code: number, json: string | Uint8Array): ApiResponse {
  return {
    code,
    headers: { 'content-type': form.contentType },
    body: { type: 'bytes', bytes: formatted(form, json) },
  }
}

/** JSON as it is, indented, or turned into YAML. */
function formatted(form: Representation, json: string | Uint8Array): Uint8Array {
  if (form.format === 'json' && !form.pretty) {
    return typeof json === 'string' ? encodeUtf8(`${json}\n`) : json
  }
  const text = typeof json === 'string' ? json : Buffer.from(json).toString()
  const value: unknown = JSON.parse(text)
  return encodeUtf8(form.format === 'yaml' ? stringifyYaml(value) : `${stringifyJson(value, 2)}\n`)
}

function objectJson(served: Served, form: Representation, table: TableForm): Uint8Array {
  if (form.as === undefined) return served.json()
  const out = new JsonBuffer(2048)
  if (form.as === 'Table') writeTable(out, served, form, table)
  else writePartial(out, served, form.version)
  return out.view()
}

/** A table of one row; that of a bookmark has no cells. */
function writeTable(to: JsonBuffer, served: Served, form: Representation, table: TableForm): void {
  const metadata = JSON.stringify({ resourceVersion: served.object().metadata.resourceVersion })
  const columns = columnDefinitions(served.columns)
  to.text(
    `{"kind":"Table","apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata},"columnDefinitions":${columns},"rows":[`,
  )
  writeRow(to, served, table)
  to.text(']}')
}

// Lists.

/** A list in pieces of some tens of kilobytes, made while they are sent, in the same memory. */
function* listChunks(
  answer: ListAnswer,
  form: Representation,
  table: TableForm,
): Generator<Uint8Array, undefined> {
  const chunk = new JsonBuffer(limits.listChunkBytes + limits.listChunkBytes / 4)
  chunk.text(listHead(answer, form))
  let first = true
  for (const served of answer.items) {
    if (!first) chunk.text(',')
    first = false
    writeListItem(chunk, served, form, table)
    if (chunk.length < limits.listChunkBytes) continue
    yield chunk.view()
    chunk.clear()
  }
  chunk.text(']}\n')
  yield chunk.view()
}

function* copies(chunks: Iterable<Uint8Array>): Generator<Uint8Array, undefined> {
  for (const chunk of chunks) yield Uint8Array.from(chunk)
}

function listHead(answer: ListAnswer, form: Representation): string {
  const metadata = JSON.stringify({
    resourceVersion: answer.resourceVersion,
    ...(answer.continue === '' ? {} : { continue: answer.continue }),
    ...(answer.remainingItemCount === undefined
      ? {}
      : { remainingItemCount: answer.remainingItemCount }),
  })
  const meta = `"apiVersion":"meta.k8s.io/${form.version}","metadata":${metadata}`
  switch (form.as) {
    case undefined:
      return `{"kind":"${answer.kind}","apiVersion":"${answer.apiVersion}","metadata":${metadata},"items":[`
    case 'PartialObjectMetadata':
      return `{"kind":"PartialObjectMetadataList",${meta},"items":[`
    case 'Table':
      return `{"kind":"Table",${meta},"columnDefinitions":${columnDefinitions(answer.columns)},"rows":[`
  }
}

function writeListItem(
  to: JsonBuffer,
  served: Served,
  form: Representation,
  table: TableForm,
): void {
  switch (form.as) {
    case undefined:
      return served.writeItem(to)
    case 'PartialObjectMetadata':
      return writePartial(to, served, form.version)
    case 'Table':
      return writeRow(to, served, table)
  }
}

// Watches.

function openWatch(
  answer: WatchAnswer,
  form: Representation,
  table: TableForm,
  clock: Clock,
  sink: ByteSink,
): { close(): void } {
  return openStream(answer, sink, {
    events: (events) => frames(events, form, { ...table, nowMs: clock.now() }),
    error: (status) => encodeUtf8(errorFrame(status)),
  })
}

function errorFrame(status: Status): string {
  return `{"type":"ERROR","object":${JSON.stringify(status)}}\n`
}

/** Frames made for one array of events, which many watchers share, by representation. */
const made = new WeakMap<readonly WatchEvent[], Map<string, Uint8Array>>()

function frames(events: readonly WatchEvent[], form: Representation, table: TableForm): Uint8Array {
  const key = form.as === undefined ? '' : `${form.as}/${form.version}/${table.include}`
  let byForm = made.get(events)
  if (byForm === undefined) made.set(events, (byForm = new Map()))
  let bytes = byForm.get(key)
  if (bytes === undefined) {
    bytes = makeFrames(events, form, table)
    byForm.set(key, bytes)
  }
  return bytes
}

function makeFrames(
  events: readonly WatchEvent[],
  form: Representation,
  table: TableForm,
): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { type, served } of events) {
    parts.push(encodeUtf8(`{"type":"${type}","object":`))
    parts.push(objectJson(served, form, table), frameEnd)
  }
  return Buffer.concat(parts)
}

const frameEnd = encodeUtf8('}\n')

function includeObject(request: ApiRequest): IncludeObject {
  const given = request.query.get('includeObject') ?? ''
  if (given === '' || given === 'Metadata') return 'Metadata'
  if (given === 'None' || given === 'Object') return given
  throw errors.badRequest(
    `unrecognized includeObject value: ${JSON.stringify(given)}: use None, Metadata or Object`,
  )
}
