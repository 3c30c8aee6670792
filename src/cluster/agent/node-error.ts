import { TimeoutError } from '#base'
import { DnsError } from '#dns'
import { KubeletError } from '#kubelet'
import { LinuxError } from '#linux'
import { NetworkError } from '#network'
import { ClusterError } from '../error.ts'

const foreseen = [DnsError, KubeletError, LinuxError, NetworkError, TimeoutError]

/** What went wrong in one of a node's parts, as a sentence; anything else is a bug and stays as it is. */
export function nodeError(error: unknown): unknown {
  if (!(error instanceof Error) || !foreseen.some((type) => error instanceof type)) return error
  return new ClusterError(error.message, { cause: error })
}
