import { mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { Node } from '#api'
import { asError, formatTime, poll, type Clock, type Log, type Random } from '#base'
import { Client, Informers, type Informer } from '#client'
import { parseResolvConf, startKubelet, type Runtime } from '#kubelet'
import { startDns } from '#dns'
import { ipIn, nftIn, realCgroups, realExec, realMounts } from '#linux'
import { keepDnsStandIns, keepNodeRoutes, podNetwork, prepareNodeNetwork } from '#network'
import type { ClusterSettings } from '../addons/cluster-settings.ts'
import { startProxy } from '#proxy'
import { realDirectory } from '../data-directory.ts'
import { ClusterError } from '../error.ts'
import { joinCluster } from '../join/join-cluster.ts'
import type { NodeCredentials } from '../join/node-credentials.ts'
import { claimProcess } from '../process-file.ts'
import { checkPortsFree } from './free-ports.ts'
import { nodeError } from './node-error.ts'
import { nodePaths, type NodePaths } from './node-paths.ts'
import { startNodeRuntime, type NodeRuntime } from './node-runtime.ts'
import { nodeSettings } from './node-settings.ts'
import { checkMachine, checkNodeDirectory, machineFacts } from './preflight.ts'
import { isOnLoopback } from './resolv-conf.ts'

export interface AgentOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The API server, as this machine reaches it: https://host:port. */
  readonly server: string
  /** As `k8ts token create` shows it; not needed where the directory has good credentials. */
  readonly token: string | undefined
  readonly caCertHash?: string | undefined
  readonly caFile?: string | undefined
  readonly nodeName: string
  readonly nodeIps: readonly string[]
  readonly nodeLabels: Readonly<Record<string, string>>
  /** Holds all that the node keeps. */
  readonly directory: string
  /** Its pods' cgroups are below it; never the root of all cgroups. */
  readonly cgroupRoot: string
  /** How long the control plane waits for a sign of life before it counts the node as lost. */
  readonly leaseSeconds?: number | undefined
  /** In the form of resolv.conf(5): where names outside the cluster are asked for. */
  readonly resolvConf: string
  /** Of this machine, where DNS is answered beside the cluster's own address. */
  readonly dnsAddresses: readonly string[]
  /** Gives the start up. What has started ends by its disposal. */
  readonly signal: AbortSignal
}

const dnsPort = 53
const everywhere = '0.0.0.0'
const kubeletPort = 10_250
const proxyHealthPort = 10_256
/** The control plane gives a new node its part of the pod ranges in a moment. */
const podCidrMs = 60_000
const networkMs = 30_000
const networkPollMs = 20

/**
 * Makes this machine, or the network namespace this process is in, a node: joins the cluster, runs
 * containerd, kubelet, kube-proxy and DNS. Resolves when the node is ready for pods. Disposal
 * ends the agent and leaves pods, containerd and rules as they are; the next agent takes them over.
 *
 * Rejects with a ClusterError that says what stands in the way.
 */
export async function startAgent(options: AgentOptions): Promise<AsyncDisposable> {
  try {
    return await start({ ...options, directory: realDirectory(options.directory) })
  } catch (error) {
    throw await nodeError(error)
  }
}

async function start(options: AgentOptions): Promise<AsyncDisposable> {
  const { clock, random, log, directory, nodeName, nodeIps, cgroupRoot, signal } = options
  const services = { clock, random, log }
  await using stack = new AsyncDisposableStack()
  checkMachine(await machineFacts(process.getuid?.() === 0, process.env))
  checkNodeDirectory(directory)
  const paths = nodePaths(directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const claim = claimProcess(paths.agentFile, (pid) => inUse(directory, pid))
  stack.defer(() => claim.release())

  await checkPortsFree(everywhere, [kubeletPort, proxyHealthPort])
  const exec = realExec(clock)
  const ip = ipIn(exec)
  const mounts = realMounts(exec)
  const cgroups = realCgroups(await mounts.list())

  const nft = nftIn(exec)
  const { node, member } = await both(
    startNodeRuntime({ ...services, directory: paths.containerd, exec, mounts }),
    async (given) => {
      const joined = await join({ ...options, signal: given }, paths)
      await prepareNodeNetwork({ exec, nft, ip, nodeIps, ...joined.settings })
      return joined
    },
    signal,
  )
  stack.use(node)
  stack.use(member)
  const { client, credentials, settings } = member

  const informers = stack.use(new Informers(client, services))
  const nodes = informers.of(Node)
  stack.use(keepNodeRoutes({ ...services, ...settings, informers, ip, nodeName }))
  stack.use(keepDnsStandIns({ ...services, ...settings, informers, nft, nodeName }))
  for (const dns of settings.clusterDns) await ip.addAddress('lo', dns)
  const dns = startDns({
    ...services,
    informers,
    addresses: [...settings.clusterDns, ...options.dnsAddresses],
    port: dnsPort,
    domain: settings.clusterDomain,
    serviceCidrs: settings.serviceCidrs,
    podCidrs: settings.clusterCidrs,
    forwardTo: await resolversIn(options.resolvConf, settings.clusterDns),
    signal,
  })
  const proxy = startProxy({
    ...services,
    client,
    informers,
    nodeName,
    nodeIps,
    nft,
    exec,
    clusterCidrs: settings.clusterCidrs,
    healthz: { host: everywhere, port: proxyHealthPort },
  })
  // Whichever fails, the other is not left behind.
  const started = await Promise.allSettled([dns, proxy, informers.start(signal)])
  for (const each of started) {
    if (each.status === 'fulfilled' && each.value !== undefined) stack.use(each.value)
  }
  for (const each of started) if (each.status === 'rejected') throw each.reason

  const kubelet = stack.use(
    await startKubelet({
      ...services,
      client,
      informers,
      nodeName,
      nodeIps,
      nodeLabels: options.nodeLabels,
      runtime: node.cri,
      mounts,
      cgroups,
      cgroupRoot,
      rootDirectory: paths.kubelet,
      clusterDns: settings.clusterDns,
      clusterDomain: settings.clusterDomain,
      resolvConf: options.resolvConf,
      server: {
        host: everywhere,
        port: kubeletPort,
        certificate: credentials.serving({ names: [nodeName], ips: nodeIps }),
        clientCa: credentials.clientCa,
      },
      ...(options.leaseSeconds === undefined ? {} : { leaseSeconds: options.leaseSeconds }),
    }),
  )
  const podCidrs = await podCidrsOf(nodes, nodeName, options)
  const network = podNetwork({ podCidrs, dataDirectory: paths.addresses })
  await node.containerd.configureNetwork(network)
  await untilReady(node.cri, options)
  await kubelet.reportNode()
  claim.ready({ url: options.server, startedAt: formatTime(clock.now()) })
  return stack.move()
}

/** This machine as a member of the cluster. */
interface Member extends AsyncDisposable {
  readonly credentials: NodeCredentials
  readonly client: Client
  readonly settings: ClusterSettings
}

async function join(options: AgentOptions, paths: NodePaths): Promise<Member> {
  await using stack = new AsyncDisposableStack()
  const credentials = stack.use(await joinCluster({ ...options, directory: paths.credentials }))
  const client = stack.use(new Client(credentials.transport, options.clock))
  const settings = await nodeSettings({ ...options, client, file: paths.settings })
  const own = stack.move()
  return { credentials, client, settings, [Symbol.asyncDispose]: () => own.disposeAsync() }
}

/**
 * Joins while the runtime starts: neither needs the other, and each takes as long. Where one
 * fails, nothing is left of the other.
 */
async function both(
  starting: Promise<NodeRuntime>,
  joining: (signal: AbortSignal) => Promise<Member>,
  signal: AbortSignal,
): Promise<{ readonly node: NodeRuntime; readonly member: Member }> {
  const failed = new AbortController()
  starting.catch((error: unknown) => failed.abort(error))
  const [started, joined] = await Promise.allSettled([
    starting,
    joining(AbortSignal.any([signal, failed.signal])),
  ])
  if (started.status === 'rejected') {
    if (joined.status === 'fulfilled') await joined.value[Symbol.asyncDispose]()
    throw started.reason
  }
  if (joined.status === 'rejected') {
    await started.value.withdraw()
    throw joined.reason
  }
  return { node: started.value, member: joined.value }
}

/** A resolver on the machine's own loopback is not that of pods, nor of another namespace. */
async function resolversIn(file: string, own: readonly string[]): Promise<readonly string[]> {
  const { servers } = parseResolvConf(await readFile(file, 'utf8').catch(() => ''))
  return servers.filter((each) => isIP(each) !== 0 && !isOnLoopback(each) && !own.includes(each))
}

function inUse(directory: string, pid: number | undefined): ClusterError {
  const who = pid === undefined ? 'another process' : `another agent (process ${pid})`
  return new ClusterError(`${directory} is in use by ${who}: stop it, or name another`)
}

/** This node's parts of the pod ranges, which the control plane gives to a new one. */
async function podCidrsOf(
  nodes: Informer<Node>,
  nodeName: string,
  { clock, signal }: AgentOptions,
): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
  const look = ({ metadata, spec }: Node) => {
    if (metadata.name === nodeName && spec.podCIDRs !== undefined) resolve(spec.podCIDRs)
  }
  const giveUp = () => reject(asError(signal.reason))
  const late = clock.timer(podCidrMs, () => {
    const why = `the control plane gave node ${nodeName} no pod addresses in ${podCidrMs / 1000} s`
    reject(new ClusterError(`${why}: none are left, or its controllers do not run`))
  })
  const endHandler = nodes.addHandler({ added: look, updated: look })
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    signal.throwIfAborted()
    return await promise
  } finally {
    late.cancel()
    signal.removeEventListener('abort', giveUp)
    endHandler()
  }
}

/** containerd reads the network's configuration when it sees the file, and tells nobody. */
async function untilReady(runtime: Runtime, { clock, signal }: AgentOptions): Promise<void> {
  const what = 'containerd to take up the network'
  await poll(
    { clock, intervalMs: networkPollMs, timeoutMs: networkMs, what, signal },
    async () => (await runtime.problems()).length === 0,
  )
}
