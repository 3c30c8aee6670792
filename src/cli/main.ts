import { formatHelp, parseArgs, UsageError, type Command } from './flags.ts'

/**
 * The `k8ts` command. A command's code is loaded when it is called. Exit codes: 0 done, 1 it could
 * not be done, 2 it was called wrongly; both say why in one sentence on standard error.
 */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  logs: async () => (await import('./commands/logs.ts')).logs,
  'image import': async () => (await import('./commands/image.ts')).imageImport,
  'image pack': async () => (await import('./commands/image.ts')).imagePack,
  'image ls': async () => (await import('./commands/image.ts')).imageList,
  agent: async () => (await import('./commands/agent.ts')).agent,
  'agent reset': async () => (await import('./commands/agent.ts')).agentReset,
  server: async () => (await import('./commands/server.ts')).server,
  status: async () => (await import('./commands/status.ts')).status,
  stop: async () => (await import('./commands/stop.ts')).stop,
  kubeconfig: async () => (await import('./commands/kubeconfig.ts')).kubeconfig,
  'token create': async () => (await import('./commands/token.ts')).tokenCreate,
  'token list': async () => (await import('./commands/token.ts')).tokenList,
  'token delete': async () => (await import('./commands/token.ts')).tokenDelete,
  'snapshot save': async () => (await import('./commands/snapshot.ts')).snapshotSave,
  'snapshot restore': async () => (await import('./commands/snapshot.ts')).snapshotRestore,
  'snapshot status': async () => (await import('./commands/snapshot.ts')).snapshotShow,
  scheduler: async () => (await import('./commands/scheduler.ts')).scheduler,
  'controller-manager': async () =>
    (await import('./commands/controller-manager.ts')).controllerManager,
  version: async () => (await import('./commands/version.ts')).version,
}

async function main(words: readonly string[]): Promise<number> {
  const [first, ...rest] = words
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    return help(rest)
  }
  if (first === '--version') return main(['version', ...rest])
  const { name, remaining } = select(words)
  const command = await commands[name]?.()
  if (command === undefined) throw unknown(words)
  const beforeOperands = remaining.slice(0, indexOrEnd(remaining, '--'))
  if (beforeOperands.some((word) => word === '--help' || word === '-h')) return help([name])
  return command.run(parseArgs(command, remaining))
}

async function help(words: readonly string[]): Promise<number> {
  if (words.length === 0) {
    process.stdout.write(await overview())
    return 0
  }
  const name = words.join(' ')
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load === undefined) {
    const group = Object.keys(commands).filter((each) => each.startsWith(`${name} `))
    if (group.length === 0) throw unknown(words)
    for (const each of group) await help([each])
    return 0
  }
  process.stdout.write(formatHelp(await load()))
  return 0
}

async function overview(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  const lines = all.map(({ name, summary }) => `  ${name.padEnd(20)}${summary}`)
  return [
    'k8ts is Kubernetes v1.36 in TypeScript.',
    '',
    ...lines,
    `  ${'help [COMMAND]'.padEnd(20)}Say more about a command`,
    '',
  ].join('\n')
}

/** The command that the first one or two words name. */
function select(words: readonly string[]): { name: string; remaining: readonly string[] } {
  const two = words.slice(0, 2).join(' ')
  if (Object.hasOwn(commands, two)) return { name: two, remaining: words.slice(2) }
  const [one = ''] = words
  return { name: Object.hasOwn(commands, one) ? one : '', remaining: words.slice(1) }
}

function unknown(words: readonly string[]): UsageError {
  const [one = '', two] = words
  const group = Object.keys(commands).filter((name) => name.startsWith(`${one} `))
  if (group.length === 0) return new UsageError(`there is no command "${one}": see k8ts help`)
  const names = group.map((name) => name.slice(one.length + 1)).join(', ')
  return two === undefined
    ? new UsageError(`k8ts ${one} needs one of: ${names}`)
    : new UsageError(`k8ts ${one} has ${names}, but no "${two}"`)
}

function indexOrEnd(words: readonly string[], word: string): number {
  const at = words.indexOf(word)
  return at === -1 ? words.length : at
}

// Whoever reads has seen enough, as head(1) does.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const usage = error instanceof UsageError
  const told = usage || (error instanceof Error && error.name === 'ClusterError')
  // A bug shows where it is; everything foreseen is a sentence.
  const text = error instanceof Error ? (told ? error.message : error.stack) : String(error)
  process.stderr.write(`k8ts: ${text}\n`)
  process.exitCode = usage ? 2 : 1
}
