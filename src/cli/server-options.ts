import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { asError, silentLog, type Log } from '#base'
import type { ServerOptions, StoreChoice } from '#cluster'
import { isDNS1123Subdomain } from '#machinery'
import { durationFlag } from './duration-flag.ts'
import { dataDirOf, services } from './environment.ts'
import { integerFlag, UsageError, type Args } from './flags.ts'
import type { LogLevel } from './log-pino.ts'
import { publishedPorts } from './publish-flag.ts'
import { clusterCidrsOf, serviceCidrsOf } from './range-flags.ts'

/** What the flags of `k8ts server` ask for. Throws a UsageError for values that make no sense. */
export async function serverOptions(args: Args): Promise<ServerOptions> {
  const log = await logOf(args)
  const path = args.text('kubeconfig')
  if (path !== undefined && args.has('no-kubeconfig')) {
    throw new UsageError('--kubeconfig and --no-kubeconfig exclude each other')
  }
  return {
    ...services,
    log,
    dataDir: await dataDirOf(args),
    bindAddresses: addressesOf(args),
    advertiseAddress: advertiseAddressOf(args),
    apiPort: integerFlag(args, 'api-port', 6443, 65_535),
    store: storeOf(args),
    kubeconfig: args.has('no-kubeconfig') ? undefined : { path, env: process.env },
    serviceCidrs: serviceCidrsOf(args),
    clusterCidrs: clusterCidrsOf(args),
    nodePorts: nodePortsOf(args),
    clusterDomain: clusterDomainOf(args),
    extraNames: args.list('tls-san'),
    apiOnly: args.has('api-only'),
    simulatedNodes: integerFlag(args, 'simulated-nodes', 0, 5_000),
    nodeRoutes: args.has('node-routes'),
    publish: publishedPorts(args),
    nodeLifecycle: nodeLifecycleOf(args),
  }
}

function nodeLifecycleOf(args: Args): NonNullable<ServerOptions['nodeLifecycle']> {
  const [period, grace] = ['node-monitor-period', 'node-monitor-grace-period']
  return {
    ...(args.has(period) ? { monitorPeriodMs: durationFlag(args, period, 0) } : {}),
    ...(args.has(grace) ? { monitorGracePeriodMs: durationFlag(args, grace, 0) } : {}),
  }
}

/** What --log-level asks for. */
export async function logOf(args: Args): Promise<Log> {
  const level = logLevelOf(args)
  return level === 'silent' ? silentLog : (await import('./log-pino.ts')).createLog(level)
}

function logLevelOf(args: Args): LogLevel {
  const text = args.text('log-level') ?? 'warn'
  switch (text) {
    case 'debug':
    case 'info':
    case 'warn':
    case 'error':
    case 'silent':
      return text
    default:
      throw new UsageError(`--log-level is debug, info, warn, error or silent, not "${text}"`)
  }
}

/** What --bind-address asks for where it is given once. */
export function addressOf(args: Args): string {
  return ipOf('bind-address', args.text('bind-address') ?? '127.0.0.1')
}

function addressesOf(args: Args): readonly string[] {
  const given = args.list('bind-address')
  return given.length === 0 ? ['127.0.0.1'] : given.map((text) => ipOf('bind-address', text))
}

function advertiseAddressOf(args: Args): string | undefined {
  const text = args.text('advertise-address')
  if (text === undefined) return undefined
  const address = ipOf('advertise-address', text)
  if (/^(127\.|0\.0\.0\.0$|::1?$)/.test(address)) {
    throw new UsageError(`--advertise-address is one that others reach, not "${text}"`)
  }
  return address
}

function ipOf(flag: string, text: string): string {
  if (isIP(text) === 0) throw new UsageError(`--${flag} is an IP address, not "${text}"`)
  return text
}

function storeOf(args: Args): StoreChoice {
  const text = args.text('store') ?? 'sqlite'
  const tlsFlags = ['etcd-cafile', 'etcd-certfile', 'etcd-keyfile'] as const
  if (!text.startsWith('etcd=')) {
    const stray = tlsFlags.find((flag) => args.has(flag))
    if (stray !== undefined) throw new UsageError(`--${stray} goes with --store etcd=URL only`)
    if (text === 'sqlite' || text === 'memory') return { type: text }
    throw new UsageError(`--store is sqlite, memory or etcd=URL[,URL], not "${text}"`)
  }
  const endpoints = text.slice('etcd='.length).split(',')
  for (const endpoint of endpoints) {
    if (!/^https?:\/\/[^/]+$/.test(endpoint)) {
      throw new UsageError(`an endpoint of etcd is http(s)://HOST:PORT, not "${endpoint}"`)
    }
  }
  const [ca, cert, key] = tlsFlags.map((flag) => fileOf(args, flag))
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('--etcd-certfile and --etcd-keyfile go together')
  }
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
  return Object.keys(tls).length === 0
    ? { type: 'etcd', endpoints }
    : { type: 'etcd', endpoints, tls }
}

/** The text of the file that a flag names. */
export function fileOf(args: Args, flag: string): string | undefined {
  const path = args.text(flag)
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--${flag}: ${asError(error).message}`, { cause: error })
  }
}

function nodePortsOf(args: Args): { from: number; to: number } {
  const text = args.text('service-node-port-range') ?? '30000-32767'
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text)
  const [from, to] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || from < 1 || to > 65_535 || from > to) {
    throw new UsageError(`--service-node-port-range is FROM-TO within 1-65535, not "${text}"`)
  }
  return { from, to }
}

function clusterDomainOf(args: Args): string {
  const text = args.text('cluster-domain') ?? 'cluster.local'
  if (isDNS1123Subdomain(text).length > 0) {
    throw new UsageError(`--cluster-domain is a DNS name, not "${text}"`)
  }
  return text
}
