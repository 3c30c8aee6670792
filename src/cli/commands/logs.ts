import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import { integerFlag, type Command } from '../flags.ts'

export const logs: Command = {
  name: 'logs',
  operands: ['COMPONENT'],
  summary: 'Show what a component of a cluster that k8ts up made has logged',
  details: 'Components are server, node-1 (its agent), node-1/containerd, and so on for each node.',
  flags: {
    'data-dir': dataDirFlag,
    follow: { help: 'go on with what is logged from now on, until Ctrl-C' },
    tail: { value: 'N', help: 'only the last N lines; 0 is all', fallback: '0' },
  },

  async run(args) {
    const { loadUp } = await import('#cluster')
    const { logFileOf } = await loadUp()
    const { showLog } = await import('../show-log.ts')
    const file = logFileOf(await dataDirOf(args), args.operand(0))
    const tail = integerFlag(args, 'tail', 0, 999_999_999)
    return showLog(file, { tail, follow: args.has('follow') }, services.clock)
  },
}
