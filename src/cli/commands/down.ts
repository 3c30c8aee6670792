import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import type { Command } from '../flags.ts'

export const down: Command = {
  name: 'down',
  summary: 'Remove a cluster that k8ts up made, with every trace of it',
  details: [
    'Ends its processes and containers and removes networks, rules, mounts, cgroups, data, and the',
    'context in the kubeconfig, also after a crash or a reboot, or when up was interrupted.',
  ].join('\n'),
  flags: { 'data-dir': dataDirFlag },

  async run(args) {
    const { loadUp } = await import('#cluster')
    const { showProgress } = await import('../progress.ts')
    const { down: remove } = await loadUp()
    const dataDir = await dataDirOf(args)
    const progress = showProgress(process.stderr, services.clock)
    const removed = await remove({ ...services, dataDir, progress: progress.step })
    progress.end()
    process.stdout.write(removed ? 'removed\n' : `there is no cluster of k8ts up in ${dataDir}\n`)
    return 0
  },
}
