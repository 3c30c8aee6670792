import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import type { Command } from '../flags.ts'

export const status: Command = {
  name: 'status',
  summary: 'Say whether the server runs',
  details: 'Exits with 0 when it is ready, with 1 when it is not, with 3 when it does not run.',
  flags: { 'data-dir': dataDirFlag },

  async run(args) {
    const { serverStatus } = await import('#cluster')
    const found = await serverStatus(await dataDirOf(args), services.clock)
    if (found.state === 'stopped') {
      process.stdout.write('stopped\n')
      return 3
    }
    const { state, url, pid, store, startedAt, reason } = found
    const lines = [
      state,
      ...(url === '' ? [] : [`  url      ${url}`]),
      `  process  ${pid}${startedAt === '' ? '' : `, since ${startedAt}`}`,
      ...(store === '' ? [] : [`  store    ${store}`]),
      ...(reason === '' ? [] : [`  reason   ${reason.replaceAll('\n', '\n           ')}`]),
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return state === 'ready' ? 0 : 1
  },
}
