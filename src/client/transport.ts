import type { KubeObject } from '#machinery'

/**
 * The way to an API server. There are two: HTTPS, and in process. Both have the same identity,
 * authorization and admission, take the same values and hand out the same ones.
 */
export interface Transport {
  /**
   * Makes one call and resolves with the answer: an object, a list, a Status, or a document (JSON
   * as its value, anything else as text). What is handed out is frozen all the way down.
   *
   * Rejects with a StatusError for what the server refuses, a ConnectionError for what the way
   * does to it, and a TypeError for a body that JSON cannot carry, before anything is sent.
   */
  send(call: Call): Promise<unknown>
  /**
   * Starts a watch. `receiver` hears of each event in order, then of the end exactly once, unless
   * the watch was closed before. Never calls `receiver` before it has returned.
   */
  watch(call: Call, receiver: WatchReceiver): WatchHandle
  /** Ends what is under way. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with a slash; its parts are percent-encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>> | undefined
  /** A JSON value; fields that are undefined count as absent. */
  readonly body?: unknown
  /** Of the body; application/json where nothing is said. */
  readonly contentType?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WatchReceiver {
  event(event: RawWatchEvent): void
  /**
   * The stream is over: cleanly (its time was up, the server stops: watch again from the last
   * version), or with a StatusError (410: list again) or a ConnectionError.
   */
  end(error?: Error): void
}

export interface RawWatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubeObject
}

export interface WatchHandle {
  /** After it returns, the receiver hears nothing any more. Idempotent. */
  close(): void
}
