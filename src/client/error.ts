export type ConnectionErrorReason =
  /** No connection could be made. The request did nothing. */
  | 'Unreachable'
  /** The connection broke within an exchange; whether the request took effect is unknown. */
  | 'Interrupted'
  /** No answer within the call's limit; whether the request took effect is unknown. */
  | 'Timeout'
  /** The answer was not one of an API server. */
  | 'Malformed'
  /** Events came faster than they were taken; watch again from the last version seen. */
  | 'Overflow'
  /** The transport was closed, or the caller's signal fired. */
  | 'Closed'

/** What goes wrong on the way to an API server. What the server refuses is a StatusError. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly reason: ConnectionErrorReason

  constructor(reason: ConnectionErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
