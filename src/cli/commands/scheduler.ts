import { componentFlags, openMetrics } from '../component-flags.ts'
import type { Command } from '../flags.ts'

const defaults = { lease: 'kube-scheduler', port: 10_259 }

export const scheduler: Command = {
  name: 'scheduler',
  summary: 'Run the scheduler alone, against any Kubernetes API server',
  details: [
    'Does what kube-scheduler does, as the user of the kubeconfig: system:kube-scheduler, usually.',
    'Ends with SIGTERM or SIGINT, and with exit code 1 when it loses the lead.',
    '',
    openMetrics,
  ].join('\n'),
  flags: componentFlags(defaults),

  async run(args) {
    const { componentOptions } = await import('../component-options.ts')
    const options = await componentOptions(args, defaults)
    const { startSchedulerAlone } = await import('#cluster')
    const { runComponent } = await import('../run-component.ts')
    return runComponent('scheduler', options.log, () => startSchedulerAlone(options))
  },
}
