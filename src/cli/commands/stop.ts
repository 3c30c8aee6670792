import { dataDirFlag, dataDirOf, kubeconfigFlag, services } from '../environment.ts'
import { UsageError, type Command } from '../flags.ts'

export const stop: Command = {
  name: 'stop',
  summary: 'End the server of a data directory, and wait for it',
  flags: {
    'data-dir': dataDirFlag,
    delete: { help: 'then delete all its data, and its context in the kubeconfig' },
    kubeconfig: kubeconfigFlag,
  },

  async run(args) {
    const { deleteCluster, stopServer } = await import('#cluster')
    if (args.has('delete') && !args.has('data-dir')) {
      throw new UsageError('--delete needs --data-dir, so that nothing is deleted by mistake')
    }
    const dataDir = await dataDirOf(args)
    const wasRunning = await stopServer(dataDir, services.clock)
    process.stdout.write(wasRunning ? 'stopped\n' : 'not running\n')
    if (!args.has('delete')) return 0
    const kubeconfig = { path: args.text('kubeconfig'), env: process.env }
    await deleteCluster(dataDir, kubeconfig, services.clock)
    process.stdout.write('deleted\n')
    return 0
  },
}
