/** Which step on the operating system failed. */
export type LinuxErrorReason =
  /** A program ended with another code than 0, or could not be started. */
  | 'CommandFailed'
  | 'CommandTimedOut'
  /** The kernel refused. */
  | 'Refused'

export class LinuxError extends Error {
  override readonly name = 'LinuxError'
  readonly reason: LinuxErrorReason

  constructor(reason: LinuxErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
