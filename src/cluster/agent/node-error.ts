import { TimeoutError } from '#base'
import { ClusterError } from '../error.ts'

/**
 * What went wrong in one of a node's parts, as a sentence; anything else is a bug and stays as it is.
 * The parts are loaded only now: who starts agents in processes of their own does without them.
 */
export async function nodeError(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || error instanceof ClusterError) return error
  const [{ KubeconfigError }, { DnsError }, { KubeletError }, { LinuxError }, { NetworkError }] =
    await Promise.all([
      import('#client'),
      import('#dns'),
      import('#kubelet'),
      import('#linux'),
      import('#network'),
    ])
  const foreseen = [KubeconfigError, DnsError, KubeletError, LinuxError, NetworkError, TimeoutError]
  if (!foreseen.some((type) => error instanceof type)) return error
  return new ClusterError(error.message, { cause: error })
}
