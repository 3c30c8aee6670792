import { formatTime } from '#base'
import type { BootstrapToken, TokenAccess } from '#cluster'
import { DurationError, humanDuration, parseDurationMs } from '#machinery'
import { dataDirFlag, dataDirOf, services } from '../environment.ts'
import { UsageError, type Args, type Command, type Flag } from '../flags.ts'
import { tableOf } from '../table.ts'

const accessFlags: Readonly<Record<string, Flag>> = {
  'data-dir': dataDirFlag,
  kubeconfig: {
    value: 'FILE',
    help: 'kubeconfig of an administrator, for a server elsewhere',
    fallback: "the data directory's",
  },
}

export const tokenCreate: Command = {
  name: 'token create',
  summary: 'Make a token with which machines join the cluster as nodes',
  details: [
    'It is shown once, as one word: k8ts1.<pin>.<id>.<secret>. The pin says which CA the cluster has,',
    'so that the machine shows the secret to this cluster only. <id>.<secret> by itself is a bootstrap',
    'token as Kubernetes has it. Who holds it can add nodes until it expires.',
  ].join('\n'),
  flags: {
    ...accessFlags,
    ttl: { value: 'DURATION', help: 'how long it is good; 0: for ever', fallback: '24h' },
    description: { value: 'TEXT', help: 'what it is for' },
    'print-join': { help: 'print the whole command that joins a machine' },
  },

  async run(args) {
    const ttlMs = ttlOf(args)
    const { inviteNode } = await import('#cluster')
    const description = args.text('description')
    const { token, server } = await inviteNode(await accessOf(args), { ttlMs, description })
    const line = args.has('print-join') ? `k8ts agent --server ${server} --token ${token}` : token
    process.stdout.write(`${line}\n`)
    return 0
  },
}

export const tokenList: Command = {
  name: 'token list',
  summary: 'List the tokens by their ids',
  flags: accessFlags,

  async run(args) {
    const { listTokens } = await import('#cluster')
    const rows = (await listTokens(await accessOf(args))).map((token) =>
      rowOf(token, services.clock.now()),
    )
    if (rows.length > 0) process.stdout.write(tableOf([header, ...rows]))
    return 0
  },
}

export const tokenDelete: Command = {
  name: 'token delete',
  operands: ['ID'],
  summary: 'Delete a token, so that nobody joins by it any more',
  flags: accessFlags,

  async run(args) {
    const { deleteToken } = await import('#cluster')
    await deleteToken(await accessOf(args), args.operand(0))
    process.stdout.write('deleted\n')
    return 0
  },
}

async function accessOf(args: Args): Promise<TokenAccess> {
  const kubeconfig = args.text('kubeconfig')
  return { ...services, kubeconfig, dataDir: await dataDirOf(args) }
}

function ttlOf(args: Args): number {
  const text = args.text('ttl') ?? '24h'
  try {
    const ms = parseDurationMs(text)
    if (ms >= 0) return ms
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
  }
  throw new UsageError(`--ttl is a duration such as 24h or 30m, or 0 for ever, not "${text}"`)
}

/** kubeadm's columns; the secret is nobody's to see. */
const header = ['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS']

function rowOf(token: BootstrapToken, nowMs: number): readonly string[] {
  const { id, expiresMs, usages, description, extraGroups } = token
  const none = (text: string) => (text === '' ? '<none>' : text)
  return [
    id,
    ttlText(expiresMs, nowMs),
    expiresMs === undefined ? '<never>' : formatTime(expiresMs),
    none(usages.join(',')),
    none(description.replaceAll(/\s+/g, ' ')),
    none(extraGroups.join(',')),
  ]
}

function ttlText(expiresMs: number | undefined, nowMs: number): string {
  if (expiresMs === undefined) return '<forever>'
  return expiresMs <= nowMs ? '<invalid>' : humanDuration(expiresMs - nowMs)
}
