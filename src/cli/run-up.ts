import { join } from 'node:path'
import { silentLog, type Clock, type Random } from '#base'
import { loadUp, type UpCluster } from '#cluster'
import type { Args } from './flags.ts'
import { showProgress } from './progress.ts'
import { stopSignal } from './stop-signal.ts'
import { kubeconfigOf, upSettings } from './up-options.ts'

interface Services {
  readonly clock: Clock
  readonly random: Random
}

/** Brings a cluster up; SIGINT and SIGTERM give it up in good order. Resolves with the exit code. */
export async function runUp(args: Args, dataDir: string, services: Services): Promise<number> {
  const settings = upSettings(args)
  const kubeconfig = kubeconfigOf(args)
  const progress = showProgress(process.stderr, services.clock)
  const stopping = new AbortController()
  void stopSignal().then(() => stopping.abort(new Error('interrupted')))
  const { up } = await loadUp()
  try {
    const cluster = await up({
      ...services,
      log: silentLog,
      dataDir,
      settings,
      kubeconfig,
      command: join(import.meta.dirname, '../../bin/k8ts'),
      progress: progress.step,
      signal: stopping.signal,
    })
    progress.end()
    process.stdout.write(summary(cluster))
    return 0
  } catch (error) {
    progress.end(true)
    throw error
  }
}

/** What there is now, and how to go on. */
function summary({ url, kubeconfig, kubeconfigProblem, nodes, publish }: UpCluster): string {
  const ports = publish.map(
    ({ host, port, nodePort }) => `  ${host}:${port} leads to node port ${nodePort}`,
  )
  return [
    `The cluster is up: ${url}`,
    ...nodes.map(({ name, address }) => `  ${name} is ${address}`),
    ...ports,
    `  kubeconfig ${kubeconfig}, context k8ts`,
    ...(kubeconfigProblem === undefined ? [] : [`  (${kubeconfigProblem})`]),
    '',
  ].join('\n')
}
