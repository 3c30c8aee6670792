import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import type { Command } from '../flags.ts'

export const status: Command = {
  name: 'status',
  summary: 'Say whether the server runs',
  details: 'Exits with 0 when it is ready, with 1 when it is not, with 3 when it does not run.',
  flags: { 'data-dir': dataDirFlag },

  async run(args) {
    const { loadUp, serverStatus } = await import('#cluster')
    const dataDir = await dataDirOf(args)
    const found = await serverStatus(dataDir, services.clock)
    const { upStatus } = await loadUp()
    const nodes = upStatus(dataDir).map(({ name, agentPid }) =>
      agentPid === undefined
        ? `  ${name.padEnd(8)} stopped: k8ts up starts it again`
        : `  ${name.padEnd(8)} process ${agentPid}`,
    )
    if (found.state === 'stopped') {
      process.stdout.write(`${['stopped', ...nodes].join('\n')}\n`)
      return 3
    }
    const { state, url, pid, store, startedAt, reason } = found
    const lines = [
      state,
      ...(url === '' ? [] : [`  url      ${url}`]),
      `  process  ${pid}${startedAt === '' ? '' : `, since ${startedAt}`}`,
      ...(store === '' ? [] : [`  store    ${store}`]),
      ...(reason === '' ? [] : [`  reason   ${reason.replaceAll('\n', '\n           ')}`]),
      ...nodes,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return state === 'ready' ? 0 : 1
  },
}
