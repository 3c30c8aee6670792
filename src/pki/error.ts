export type PkiErrorReason =
  /** Bytes that are no certificate, key, request or token at all. */
  | 'Malformed'
  /** A signature that does not fit what it signs, or an algorithm that does not fit its key. */
  | 'BadSignature'
  /** No chain to a trusted authority. */
  | 'UnknownAuthority'
  | 'Expired'
  | 'NotYetValid'
  /** A certificate used for what it was not issued for. */
  | 'WrongUsage'
  /** A key type or option this implementation does not offer. */
  | 'Unsupported'
  /** A file of the PKI directory that cannot be used; the message names it. */
  | 'Unusable'

/** Whatever goes wrong with keys, certificates and tokens. Messages never hold key material. */
export class PkiError extends Error {
  override readonly name = 'PkiError'
  readonly reason: PkiErrorReason

  constructor(reason: PkiErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
