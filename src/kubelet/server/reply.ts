import type { UpgradeRequest } from '#streaming'

/** A request to the kubelet, of whichever kind. */
export interface KubeletRequest {
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** The header. */
  readonly authorization: string | undefined
  /** DER of the client's certificate, which nobody has judged yet. */
  readonly certificate: Uint8Array | undefined
  /** The client wants to switch protocols. */
  readonly isUpgrade: boolean
  /** Fires when the client has left, or the server stops. */
  readonly signal: AbortSignal
}

/** What the kubelet answers. */
export type Reply =
  | {
      readonly type: 'whole'
      readonly code: number
      readonly contentType: string
      readonly body: Uint8Array | string
    }
  /** Sent no faster than the client takes it. When it breaks, so does the answer. */
  | {
      readonly type: 'stream'
      readonly contentType: string
      readonly chunks: AsyncIterable<Uint8Array>
    }
  | { readonly type: 'redirect'; readonly location: string }
  /** Only to a request that asked for it. It resolves when the connection is over. */
  | { readonly type: 'upgrade'; accept(request: UpgradeRequest): Promise<void> }

/** Ends a request with an answer that says why. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly code: number

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function text(code: number, body: string): Reply {
  return { type: 'whole', code, contentType: 'text/plain; charset=utf-8', body }
}

export function json(value: unknown): Reply {
  const body = JSON.stringify(value)
  return { type: 'whole', code: 200, contentType: 'application/json', body }
}

/** The exposition format of Prometheus. */
export function metricsText(body: string): Reply {
  const contentType = 'text/plain; version=0.0.4; charset=utf-8'
  return { type: 'whole', code: 200, contentType, body }
}
