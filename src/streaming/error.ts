/** What became of a stream, a connection or the attempt to make one. */
export type StreamingErrorReason =
  /** The peer broke the rules of SPDY, WebSocket or what stands on them. */
  | 'ProtocolError'
  /** The peer gave this one stream up. */
  | 'Reset'
  /** The connection ended without a farewell. */
  | 'ConnectionLost'
  /** This side has closed already. */
  | 'Closed'
  /** More than a named limit allows. */
  | 'LimitExceeded'
  /** The peer does not switch protocols, or no version is common. */
  | 'UpgradeRefused'
  | 'Timeout'

export interface StreamingErrorOptions extends ErrorOptions {
  /** The HTTP status the peer answered an upgrade with. */
  readonly httpStatus?: number
  /** What it said beside it, cut off at a few kilobytes. */
  readonly body?: string
}

export class StreamingError extends Error {
  override readonly name = 'StreamingError'
  readonly reason: StreamingErrorReason
  readonly httpStatus: number | undefined
  readonly body: string | undefined

  constructor(reason: StreamingErrorReason, message: string, options: StreamingErrorOptions = {}) {
    super(message, options)
    this.reason = reason
    this.httpStatus = options.httpStatus
    this.body = options.body
  }
}

export function protocolError(message: string): StreamingError {
  return new StreamingError('ProtocolError', message)
}

/** Whatever ended a connection, as the error its streams report. */
export function lost(cause: unknown): StreamingError {
  if (cause instanceof StreamingError) return cause
  const words = cause instanceof Error ? cause.message : String(cause)
  return new StreamingError('ConnectionLost', `connection lost: ${words}`, { cause })
}
