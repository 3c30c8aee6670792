import type { KubeObject, Status, StructSchema } from '#machinery'
import type { UpgradeRequest } from '#streaming'
import type { UserInfo } from './authentication/user.ts'

/**
 * One request, free of its transport: HTTPS and the in-process client make the same thing, and the
 * same stages see it. Only reading bytes and writing bytes differ.
 */
export interface ApiRequest {
  /** Upper case: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS. */
  readonly method: string
  /** Percent-decoding is left to the stage that splits it; no query. */
  readonly path: string
  readonly query: URLSearchParams
  /** The query as it was written, where the transport has one in writing. */
  readonly rawQuery?: string | undefined
  /** By lower-case name; a repeated header is joined by ", ". */
  header(name: string): string | undefined
  /** Every value of a header that may be repeated with meaning (Impersonate-Group). */
  headers(name: string): readonly string[]
  /** Names of all headers, lower case. */
  headerNames(): Iterable<string>
  readonly body: RequestBody
  readonly peer: Peer
  /**
   * What the peer wants its connection to be carried on, in lower case (`websocket`, `spdy/3.1`),
   * where the transport can let it be: it answers an `upgrade` then.
   */
  readonly upgrade?: string | undefined
  /** The caller has gone, or the server is stopping. */
  readonly signal: AbortSignal
}

export type RequestBody =
  | {
      readonly type: 'bytes'
      /** Reads the body whole; rejects with 413 when it is longer than `limit`. */
      read(limit: number): Promise<Uint8Array>
      /** Instead: the body as it comes, of any length; undefined when there is none. */
      open(): ByteSource | undefined
    }
  /** From the in-process client: what the bytes would have said. */
  | { readonly type: 'value'; readonly value: unknown }

/** Bytes that come from elsewhere, pulled: what is not read is not taken from there. */
export interface ByteSource {
  /** The next bytes, or undefined at the end. One call at a time. Rejects when the source broke. */
  read(): Promise<Uint8Array | undefined>
  /** Nobody reads on: what feeds the source ends. Idempotent. */
  cancel(): void
}

export interface Peer {
  readonly address: string
  /** The verified-or-not client certificate, DER; authentication verifies it. */
  readonly certificate: Uint8Array | undefined
  /** The name the peer has connected to, where it said one (SNI). */
  readonly serverName?: string | undefined
  /** Set by the in-process transport instead of credentials. */
  readonly user: UserInfo | undefined
}

/** What a handler decided, before anybody has asked for bytes. */
export type Answer =
  | ObjectAnswer
  | ListAnswer
  | WatchAnswer
  | StatusAnswer
  | DocumentAnswer
  | PassedAnswer
  | UpgradeAnswer

/** One object. */
export interface ObjectAnswer {
  readonly type: 'object'
  readonly code: 200 | 201 | 202
  readonly served: Served
}

/** One state of one object in one face, as it is served. */
export interface Served {
  readonly apiVersion: string
  readonly kind: string
  /** Frozen, with resourceVersion; the same object each time. */
  object(): KubeObject
  /** JSON with resourceVersion. Belongs to the server; not to be written to. */
  json(): Uint8Array
  /** JSON as an item of a list: without TypeMeta where the kind is typed. */
  writeItem(to: JsonSink): void
  /** The JSON of `metadata` alone, with resourceVersion. */
  writeMetadata(to: JsonSink): void
  /** The schema of the whole object; structural for kinds that have no protobuf. */
  readonly schema: StructSchema
  /** The columns of its table, and its row. */
  readonly columns: readonly TableColumn[]
  cells(nowMs: number): TableRowSource
}

/** Takes a document piece by piece; what it is given is copied at once. */
export interface JsonSink {
  text(text: string): void
  /** A part of these bytes, or all of them. */
  bytes(bytes: Uint8Array, start?: number, end?: number): void
}

export interface TableRowSource {
  readonly cells: readonly (string | number | boolean | null)[]
  readonly conditions: readonly { type: string; status: string; reason: string; message: string }[]
}

export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

export interface ListAnswer {
  readonly type: 'list'
  readonly apiVersion: string
  /** Of the list, such as PodList. */
  readonly kind: string
  readonly columns: readonly TableColumn[]
  readonly resourceVersion: string
  readonly continue: string
  readonly remainingItemCount: number | undefined
  /** The face's schema, for forms that are made from values. */
  readonly itemSchema: StructSchema
  /** Made while they are written, so that a huge list is never held as a whole. */
  readonly items: Iterable<Served>
}

export interface WatchAnswer {
  readonly type: 'watch'
  /** The face's schema; structural for kinds that have no protobuf. */
  readonly itemSchema: StructSchema
  /**
   * Starts delivering to `sink`, from the event loop's next turn on; the handle stops it. When the
   * stream is over (time limit, slow reader, history gone, server stopping), `sink.end` is called.
   */
  open(sink: WatchSink): { close(): void }
}

export interface WatchSink {
  /** Takes one delivery. A group of watchers gets the same array, so bytes made for one serve all. */
  events(events: readonly WatchEvent[]): void
  /** No more events. An error is sent as a last ERROR event; without one the stream ends cleanly. */
  end(error?: Status): void
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly served: Served
}

/** Success without an object (deletion), or a failure. */
export interface StatusAnswer {
  readonly type: 'status'
  readonly code: number
  readonly status: Status
  readonly headers?: Readonly<Record<string, string>>
}

/** A document that is no API object: discovery, OpenAPI, health, metrics, version. */
export interface DocumentAnswer {
  readonly type: 'document'
  readonly code: number
  readonly contentType: string
  readonly bytes: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** What somebody else answered (a kubelet, a pod), passed on as it comes. */
export interface PassedAnswer {
  readonly type: 'passed'
  readonly code: number
  /** By lower-case name; none of those that are about one connection. */
  readonly headers: Readonly<Record<string, string>>
  /** Set-Cookie, the one header whose values cannot be joined (RFC 9110, section 5.3). */
  readonly cookies: readonly string[]
  readonly body: ByteSource
}

/** The request's connection changes hands. Only where the request has an `upgrade`. */
export interface UpgradeAnswer {
  readonly type: 'upgrade'
  /** Switches protocols and takes the connection over; resolves when it is over. */
  accept(connection: UpgradeRequest): Promise<void>
  /** Instead of `accept`, when the connection is lost: gives up what stands behind. Idempotent. */
  cancel(): void
}

/** The answer in bytes, for a transport to send. */
export interface ApiResponse {
  readonly code: number
  readonly headers: Readonly<Record<string, string>>
  readonly body:
    /** Ready; the length is known. */
    | { readonly type: 'bytes'; readonly bytes: Uint8Array }
    /**
     * Made while they are sent; the transport waits for the peer between chunks. A chunk is good
     * until the next one is asked for, which may be made in the same memory.
     */
    | { readonly type: 'chunks'; readonly chunks: Iterable<Uint8Array> }
    /** Sent as they come, for as long as it lasts. */
    | { readonly type: 'stream'; open(sink: ByteSink): { close(): void } }
    /** Read no faster than the peer takes it; cancelled when the peer has gone. */
    | {
        readonly type: 'passed'
        readonly source: ByteSource
        readonly cookies: readonly string[]
      }
    /** No body: see UpgradeAnswer. */
    | UpgradeAnswer
}

export interface ByteSink {
  /** False when the peer does not keep up: what is written beyond a limit ends the stream. */
  write(bytes: Uint8Array): boolean
  /** Bytes written and not yet taken by the peer. */
  readonly pendingBytes: number
  /** Calls `run` once, later: when the peer has taken what was written, or soon where it keeps up. */
  whenTaken(run: () => void): void
  end(): void
}

/** Serves requests; one implementation, several transports. */
export interface ApiHandler {
  /** Everything but bytes: for the in-process client. Never rejects; failures are StatusAnswers. */
  answer(request: ApiRequest): Promise<Answer>
  /** The same, encoded as the request asks: for HTTPS. Never rejects. */
  serve(request: ApiRequest): Promise<ApiResponse>
}
