/** Why a network cannot be made. */
export type NetworkErrorReason =
  /** What was asked for makes no sense. */
  | 'Invalid'
  /** Something else on the machine uses addresses of the range. */
  | 'RangeTaken'

export class NetworkError extends Error {
  override readonly name = 'NetworkError'
  readonly reason: NetworkErrorReason
  /** The prefix that cannot be had, where it is about one. */
  readonly range: string | undefined

  constructor(reason: NetworkErrorReason, message: string, range?: string) {
    super(message)
    this.reason = reason
    this.range = range
  }
}
