import { componentFlags, openMetrics } from '../component-flags.ts'
import { controllerFlags } from '../controller-flags.ts'
import type { Command } from '../flags.ts'

const defaults = { lease: 'kube-controller-manager', port: 10_257 }

export const controllerManager: Command = {
  name: 'controller-manager',
  summary: 'Run the controllers alone, against any Kubernetes API server',
  details: [
    'Does what kube-controller-manager does, as the user of the kubeconfig, which is usually',
    'system:kube-controller-manager; that one needs --use-service-account-credentials, since its',
    'own rights are for little more than getting those. Ends with SIGTERM or SIGINT, and with exit',
    'code 1 when it loses the lead.',
    '',
    openMetrics,
  ].join('\n'),
  flags: { ...componentFlags(defaults), ...controllerFlags },

  async run(args) {
    const { componentOptions } = await import('../component-options.ts')
    const { controllerManagerOptions } = await import('../controller-options.ts')
    const options = controllerManagerOptions(args, await componentOptions(args, defaults))
    const { startControllerManagerAlone } = await import('#cluster')
    const { runComponent } = await import('../run-component.ts')
    return runComponent('controller-manager', options.log, () =>
      startControllerManagerAlone(options),
    )
  },
}
