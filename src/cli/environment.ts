import { realClock, realRandom } from '#base'
import type { Args, Flag } from './flags.ts'

export const services = { clock: realClock, random: realRandom } as const

export const dataDirFlag: Flag = {
  value: 'DIR',
  help: 'where the cluster is kept',
  fallback: '/var/lib/k8ts for root, else ~/.local/share/k8ts',
}

/** Commands load the rooms they need when they run, so that `k8ts help` answers at once. */
export async function dataDirOf(args: Args): Promise<string> {
  const given = args.text('data-dir')
  if (given !== undefined) return given
  const { defaultDataDirectory } = await import('#cluster')
  return defaultDataDirectory(process.env, process.getuid?.() === 0)
}

export const kubeconfigFlag: Flag = {
  value: 'FILE',
  help: 'kubeconfig that holds the context k8ts',
  fallback: '$KUBECONFIG, else ~/.kube/config',
}
