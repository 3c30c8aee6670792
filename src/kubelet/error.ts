export type KubeletErrorReason =
  /** The container runtime was not reached. */
  | 'RuntimeUnavailable'
  /** What was asked for was not done in its time. */
  | 'DeadlineExceeded'
  /** The runtime knows no such thing. */
  | 'NotFound'
  /** The runtime refused or failed. */
  | 'RuntimeFailed'
  /** The caller ended the call. */
  | 'Cancelled'
  /** What should be imported is no image, not whole, or for another machine. */
  | 'InvalidImage'
  /** What is needed to run the kubelet on this machine is missing. */
  | 'Unusable'

export class KubeletError extends Error {
  override readonly name = 'KubeletError'
  readonly reason: KubeletErrorReason

  constructor(reason: KubeletErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
