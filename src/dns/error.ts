export type DnsErrorReason =
  /** An option cannot be meant: an address that is none, a resolver that is this server. */
  | 'InvalidOptions'
  /** An address could not be listened on. */
  | 'ListenFailed'
  /** A message breaks the format. */
  | 'Malformed'
  /** A resolver was not reached, or its answer could not be used. */
  | 'Unreachable'

export class DnsError extends Error {
  override readonly name = 'DnsError'
  readonly reason: DnsErrorReason

  constructor(reason: DnsErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
