import { hostname } from 'node:os'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { asError, silentLog } from '#base'
import { loadAgent } from '#cluster'
import { isDNS1123Subdomain, isValidLabelValue, isQualifiedName } from '#machinery'
import { services } from './environment.ts'
import { integerFlag, UsageError, type Args } from './flags.ts'
import { logOf } from './server-options.ts'
import { stopSignal } from './stop-signal.ts'
import { tidyUpLater } from './tidy-up.ts'

const usual = {
  dataDir: '/var/lib/k8ts-agent',
  cgroupRoot: '/k8ts',
  leaseSeconds: 40,
}
/** Longer than the bounds of all that an end waits for. */
const endMs = 20_000

/** Runs a node's agent until a signal ends it. Resolves with the exit code. */
export async function runAgent(args: Args): Promise<number> {
  const server = args.text('server')
  if (server === undefined) throw new UsageError('--server https://HOST:PORT is needed')
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw new UsageError(`--server is https://HOST:PORT, not "${server}"`)
  }
  const log = await logOf(args)
  const place = placeOf(args)
  const nodeName = nodeNameOf(args)
  const nodeLabels = labelsOf(args)
  const givenIps = ipsOf(args, 'node-ip')
  const lease = 'node-lease-duration-seconds'
  const leaseSeconds = integerFlag(args, lease, usual.leaseSeconds, 3_600)
  if (leaseSeconds < 4) throw new UsageError(`--${lease} is 4 at least, not ${leaseSeconds}`)
  const { addressTowards, machineResolvers, startAgent, tokenVariable } = await loadAgent()
  const stopping = new AbortController()
  const stopped = stopSignal().then((code) => {
    stopping.abort(new Error('the agent was told to end'))
    services.clock.timer(endMs, () => process.exit(1), { unref: true })
    return code
  })
  const token = args.text('token') ?? process.env[tokenVariable]
  let agent: AsyncDisposable
  try {
    agent = await startAgent({
      ...services,
      ...place,
      log,
      server,
      token,
      caCertHash: args.text('ca-cert-hash'),
      caFile: args.text('ca-file'),
      nodeName,
      nodeIps: givenIps.length > 0 ? givenIps : [await addressTowards(server)],
      nodeLabels,
      leaseSeconds,
      resolvConf: args.text('resolv-conf') ?? (await machineResolvers()).file,
      dnsAddresses: ipsOf(args, 'dns-address'),
      signal: stopping.signal,
    })
  } catch (error) {
    if (stopping.signal.aborted) return stopped
    throw error
  }
  process.stdout.write(`k8ts: node ${nodeName} is ready\n`)
  using _ = tidyUpLater(services.clock, log)
  const code = await stopped
  try {
    await agent[Symbol.asyncDispose]()
  } catch (error) {
    log.error('the end was not clean', { error: asError(error).message })
  }
  return code
}

export async function resetNode(args: Args): Promise<number> {
  const place = placeOf(args)
  const { resetAgent } = await loadAgent()
  const removed = await resetAgent({ ...place, ...services, log: silentLog })
  process.stdout.write(removed ? 'removed\n' : `there is no node in ${place.directory}\n`)
  return 0
}

function placeOf(args: Args): { directory: string; cgroupRoot: string } {
  const cgroupRoot = args.text('cgroup-root') ?? usual.cgroupRoot
  // All processes below it are a node's, to be ended with it: the root would be everybody's.
  if (!/^(\/[\w.-]+)+$/.test(cgroupRoot) || cgroupRoot.split('/').includes('..')) {
    throw new UsageError(`--cgroup-root is a path such as /k8ts, not "${cgroupRoot}"`)
  }
  return { directory: resolve(args.text('data-dir') ?? usual.dataDir), cgroupRoot }
}

function nodeNameOf(args: Args): string {
  const name = args.text('node-name') ?? hostname().toLowerCase()
  if (isDNS1123Subdomain(name).length > 0) {
    throw new UsageError(`--node-name is a DNS name in lower case, not "${name}"`)
  }
  return name
}

function ipsOf(args: Args, flag: string): readonly string[] {
  const ips = args.list(flag)
  for (const ip of ips) {
    if (isIP(ip) === 0) throw new UsageError(`--${flag} is an IP address, not "${ip}"`)
  }
  return ips
}

function labelsOf(args: Args): Readonly<Record<string, string>> {
  const labels = args.list('node-label').map((text): [string, string] => {
    const at = text.indexOf('=')
    const [key, value] = [text.slice(0, at), text.slice(at + 1)]
    if (at === -1 || isQualifiedName(key).length > 0 || isValidLabelValue(value).length > 0) {
      throw new UsageError(`--node-label is KEY=VALUE as a label has them, not "${text}"`)
    }
    return [key, value]
  })
  return Object.fromEntries(labels)
}
