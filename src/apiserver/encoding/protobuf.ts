import { ListMeta, Status } from '#api'
import {
  encodeProtobuf,
  encodeProtobufWatchEvent,
  wholeList,
  type KubeObject,
  type Status as StatusObject,
} from '#machinery'
import type {
  ApiResponse,
  ByteSink,
  ListAnswer,
  Served,
  WatchAnswer,
  WatchEvent,
} from '../request.ts'
import type { EncodedAnswer } from './encode.ts'
import type { Representation } from './negotiate.ts'
import { openStream } from './stream.ts'

/** The answer as Kubernetes' protobuf. Lists are made whole: their envelope says their length first. */
export function encodeAsProtobuf(form: Representation, answer: EncodedAnswer): ApiResponse {
  const headers = { 'content-type': form.contentType }
  switch (answer.type) {
    case 'object':
      return {
        code: answer.code,
        headers,
        body: { type: 'bytes', bytes: objectBytes(answer.served) },
      }
    case 'status':
      return {
        code: answer.code,
        headers: { ...headers, ...answer.headers },
        body: { type: 'bytes', bytes: statusBytes(answer.status) },
      }
    case 'list':
      return { code: 200, headers, body: { type: 'bytes', bytes: listBytes(answer) } }
    case 'watch':
      return {
        code: 200,
        headers,
        body: { type: 'stream', open: (sink) => openWatch(answer, sink) },
      }
  }
}

function objectBytes(served: Served): Uint8Array {
  return encodeProtobuf(served.schema, served.object())
}

function statusBytes(status: StatusObject): Uint8Array {
  return encodeProtobuf(Status, status)
}

function listBytes(answer: ListAnswer): Uint8Array {
  const items: KubeObject[] = []
  for (const served of answer.items) items.push(served.object())
  const list = {
    kind: answer.kind,
    apiVersion: answer.apiVersion,
    metadata: {
      resourceVersion: answer.resourceVersion,
      ...(answer.continue === '' ? {} : { continue: answer.continue }),
      ...(answer.remainingItemCount === undefined
        ? {}
        : { remainingItemCount: answer.remainingItemCount }),
    },
    items,
  }
  return encodeProtobuf(wholeList(answer.itemSchema, ListMeta), list)
}

function openWatch(answer: WatchAnswer, sink: ByteSink): { close(): void } {
  return openStream(answer, sink, {
    events: frames,
    error: (status) => frame('ERROR', statusBytes(status)),
  })
}

/** Frames made for one array of events, which many watchers share. */
const made = new WeakMap<readonly WatchEvent[], Uint8Array>()

function frames(events: readonly WatchEvent[]): Uint8Array {
  let bytes = made.get(events)
  if (bytes === undefined) {
    bytes = Buffer.concat(events.map(({ type, served }) => frame(type, objectBytes(served))))
    made.set(events, bytes)
  }
  return bytes
}

/** A WatchEvent behind its length, four bytes, the highest first. */
function frame(type: string, object: Uint8Array): Uint8Array {
  const event = encodeProtobufWatchEvent(type, object)
  const out = Buffer.allocUnsafeSlow(4 + event.length)
  out.writeUInt32BE(event.length, 0)
  out.set(event, 4)
  return out
}
