import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, poll, type Clock, type Log, type Random } from '#base'
import { KubeconfigError, kubeconfigPaths, mergeContext, useContext } from '#client'
import { isForwarding, NetworkError, type Fabric } from '#network'
import { adminContext, contextName } from '../context.ts'
import { defaultClusterCidrs, defaultServiceCidrs } from '../controller-options.ts'
import { openDataDirectory, realDirectory, type DataDirectory } from '../data-directory.ts'
import { ClusterError } from '../error.ts'
import { inviteNode } from '../join/token-access.ts'
import { claimProcess, runningProcess } from '../process-file.ts'
import { formatPublishedPort, type PublishedPort } from '../published-port.ts'
import type { KubeconfigChoice } from '../server.ts'
import { serverStatus } from '../status.ts'
import { agentsOf, serversOf } from './find-processes.ts'
import { fabricOf } from './machine-network.ts'
import { nodeError } from '../agent/node-error.ts'
import { checkMachine, checkNodeDirectory, machineFacts } from '../agent/preflight.ts'
import { tokenVariable } from '../agent/token-variable.ts'
import { resolverFlags } from './node-resolvers.ts'
import { lastWords, startProcess, type StartedProcess } from './processes.ts'
import type { Progress } from './progress.ts'
import {
  clusterId,
  currentBootId,
  readUpRecord,
  serverLog,
  upLock,
  upNodes,
  writeUpRecord,
  type UpNode,
  type UpRecord,
} from './record.ts'

export interface UpOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly dataDir: string
  /** What the user asked for; the cluster's own where it exists. */
  readonly settings: UpSettings
  /** Where the context `k8ts` is merged in and made the current one; undefined: nowhere. */
  readonly kubeconfig: KubeconfigChoice | undefined
  /** Path of the k8ts command. */
  readonly command: string
  readonly progress: Progress
  /** Gives up; what was made anew is removed. */
  readonly signal: AbortSignal
}

export interface UpSettings {
  readonly nodes?: number | undefined
  /** 0: any that is free. */
  readonly apiPort?: number | undefined
  readonly nodeCidr?: string | undefined
  readonly clusterCidrs?: readonly string[] | undefined
  readonly serviceCidrs?: readonly string[] | undefined
  readonly publish?: readonly PublishedPort[] | undefined
  /** Nodes and pods reach nothing outside of this machine. */
  readonly isolated?: boolean | undefined
  /** More flags of `k8ts server` and `k8ts agent`, for tests. */
  readonly serverFlags?: readonly string[] | undefined
  readonly agentFlags?: readonly string[] | undefined
}

export interface UpCluster {
  readonly url: string
  /** Where the context is. */
  readonly kubeconfig: string
  /** Why it is not in the user's kubeconfig, where it should be. */
  readonly kubeconfigProblem: string | undefined
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  readonly publish: readonly PublishedPort[]
}

const serverMs = 60_000
const agentMs = 120_000
const pollMs = 20
const tokenMs = 10 * 60_000
const nodesMax = 100
const defaults = { nodes: 1, apiPort: 6443, nodeCidr: '100.64.10.0/24' }

/**
 * Makes a cluster of real nodes on this machine, each in a network namespace of its own, or starts
 * again what of it does not run: after a crash, a reboot, a start that was interrupted. Resolves
 * when all nodes are ready; everything runs on in the background. Rejects with a ClusterError
 * that says what stands in the way; a cluster that was to be made anew is then removed again.
 */
export async function up(options: UpOptions): Promise<UpCluster> {
  const { clock, dataDir, progress, signal } = options
  checkMachine(await machineFacts(process.getuid?.() === 0, process.env))
  checkNodeDirectory(realDirectory(dataDir))
  const directory = openDataDirectory(dataDir)
  const claim = claimUp(directory)
  let isNew = false
  try {
    isNew = readUpRecord(dataDir) === undefined
    return await new Making(options, directory).run()
  } catch (error) {
    if (isNew) {
      progress('removing what was made')
      const { removeCluster } = await import('./down.ts')
      if (!(await removeCluster({ clock, dataDir, progress: () => {} }))) directory.abandon()
    }
    // The programs of a terminal are interrupted together, and fail in their own ways.
    if (!signal.aborted) throw await nodeError(error)
    throw new ClusterError(asError(signal.reason).message, { cause: error })
  } finally {
    claim.release()
  }
}

function claimUp({ path }: DataDirectory) {
  return claimProcess(upLock(path), (pid) => {
    const who = pid === undefined ? 'another process' : `process ${pid}`
    return new ClusterError(`the cluster in ${path} is being started by ${who}: wait for it`)
  })
}

/** What all agents that are started are told alike. */
interface NodeTold {
  readonly server: string
  readonly token: string | undefined
  readonly resolvers: readonly string[]
}

class Making {
  readonly #options: UpOptions
  readonly #directory: DataDirectory

  constructor(options: UpOptions, directory: DataDirectory) {
    this.#options = options
    this.#directory = directory
  }

  async run(): Promise<UpCluster> {
    const { clock, progress } = this.#options
    const { path } = this.#directory
    let record = await this.#settle()
    const nodes = upNodes(path, record)
    progress('making the network')
    const network = fabricOf(path, record, clock)
    writeUpRecord(path, record)
    await network.ensure().catch((error: unknown) => {
      throw rangeTaken(error, record) ?? error
    })

    progress('starting the control plane')
    const url = await this.#startServer(record, network.hostAddress)
    record = { ...record, apiPort: Number(new URL(url).port) }
    writeUpRecord(path, record)
    await this.#startNodes(nodes, record, network)

    const merged = await this.#mergeContext(record)
    const named = nodes.map((node) => ({ name: node.name, address: network.addressOf(node) }))
    return { url, ...merged, nodes: named, publish: record.publish }
  }

  /** The cluster's settings: those of its record, else those that are asked for. */
  async #settle(): Promise<UpRecord> {
    const { settings } = this.#options
    const { path } = this.#directory
    const bootId = await currentBootId()
    const known = readUpRecord(path)
    if (known !== undefined) {
      checkUnchanged(known, settings, path)
      if (known.bootId === bootId) return known
      await this.#forgetState(known)
      const turnedForwardingOn = !known.isolated && !(await isForwarding())
      return { ...known, bootId, turnedForwardingOn }
    }
    const { nodes = defaults.nodes, isolated = false } = settings
    if (nodes < 1 || nodes > nodesMax) {
      throw new ClusterError(`a cluster has 1 to ${nodesMax} nodes, not ${nodes}`)
    }
    return {
      id: clusterId(path),
      nodes,
      nodeCidr: settings.nodeCidr ?? defaults.nodeCidr,
      clusterCidrs: settings.clusterCidrs ?? defaultClusterCidrs,
      serviceCidrs: settings.serviceCidrs ?? defaultServiceCidrs,
      apiPort: settings.apiPort ?? defaults.apiPort,
      publish: settings.publish ?? [],
      isolated,
      bootId,
      turnedForwardingOn: !isolated && !(await isForwarding()),
      kubeconfig: undefined,
    }
  }

  /** After a reboot nothing runs; what containerd kept of running containers misleads it. */
  async #forgetState(record: UpRecord): Promise<void> {
    for (const { containerd } of upNodes(this.#directory.path, record)) {
      await rm(join(containerd, 'state'), { recursive: true, force: true })
    }
  }

  async #startServer(record: UpRecord, hostAddress: string): Promise<string> {
    const { clock, command, settings } = this.#options
    const { path } = this.#directory
    const log = serverLog(path)
    const isRunning = (await serversOf(path)).length > 0
    const started = isRunning
      ? undefined
      : startProcess({
          command,
          args: [
            'server',
            `--data-dir=${path}`,
            '--bind-address=127.0.0.1',
            `--bind-address=${hostAddress}`,
            `--advertise-address=${hostAddress}`,
            `--api-port=${record.apiPort}`,
            `--cluster-cidr=${record.clusterCidrs.join(',')}`,
            `--service-cidr=${record.serviceCidrs.join(',')}`,
            '--no-kubeconfig',
            '--node-routes',
            ...record.publish.map((each) => `--publish=${formatPublishedPort(each)}`),
            ...(settings.serverFlags ?? []),
          ],
          log,
        })
    return this.#until('the control plane', serverMs, { log, started }, async () => {
      const status = await serverStatus(path, clock)
      return status.state === 'ready' ? status.url : undefined
    })
  }

  async #startNodes(nodes: readonly UpNode[], record: UpRecord, network: Fabric): Promise<void> {
    const { progress } = this.#options
    const agents = await Promise.all(nodes.map(agentsOf))
    const down = nodes.filter((_, i) => agents[i]?.length === 0)
    if (down.length > 0) {
      progress(down.length === 1 ? `starting ${down[0]?.name}` : `starting ${down.length} nodes`)
    }
    const told: NodeTold = {
      server: `https://${network.hostAddress}:${record.apiPort}`,
      // A node that has been in the cluster needs it when its certificate has expired meanwhile.
      token: down.length > 0 ? await this.#makeToken() : undefined,
      // From an isolated node nobody is reached.
      resolvers: record.isolated ? ['--resolv-conf=/dev/null'] : await resolverFlags(),
    }
    await Promise.all(
      nodes.map(async (node) => {
        const started = down.includes(node)
          ? this.#startNode(node, network.addressOf(node), told)
          : undefined
        const { name, log, agentFile } = node
        await this.#until(name, agentMs, { log, started }, () => runningProcess(agentFile)?.url)
      }),
    )
  }

  #startNode(node: UpNode, ip: string, { server, token, resolvers }: NodeTold): StartedProcess {
    const { command, settings } = this.#options
    const { name, directory, cgroupRoot, namespace, log } = node
    return startProcess({
      command,
      args: [
        'agent',
        `--server=${server}`,
        `--node-name=${name}`,
        `--node-ip=${ip}`,
        `--data-dir=${directory}`,
        `--cgroup-root=${cgroupRoot}`,
        ...resolvers,
        ...(settings.agentFlags ?? []),
      ],
      env: token === undefined ? {} : { [tokenVariable]: token },
      networkNamespace: namespace,
      log,
    })
  }

  async #makeToken(): Promise<string> {
    const access = { ...this.#options, dataDir: this.#directory.path, kubeconfig: undefined }
    const wanted = { ttlMs: tokenMs, description: 'of k8ts up' }
    return (await inviteNode(access, wanted)).token
  }

  /** Waits for what a process is to become; its end before that is an error with its last words. */
  async #until<T>(
    what: string,
    timeoutMs: number,
    { log, started }: { log: string; started: StartedProcess | undefined },
    ask: () => Promise<T | undefined> | T | undefined,
  ): Promise<T> {
    const { clock, signal } = this.#options
    try {
      return await poll({ clock, intervalMs: pollMs, timeoutMs, what, signal }, async () => {
        const ended = started?.exit()
        if (ended !== undefined) throw new Error(ended)
        return ask()
      })
    } catch (cause) {
      const message = `${what} did not start: ${asError(cause).message}`
      throw new ClusterError(`${message}; ${log} ends with:\n${lastWords(log)}`, { cause })
    }
  }

  async #mergeContext(
    record: UpRecord,
  ): Promise<Pick<UpCluster, 'kubeconfig' | 'kubeconfigProblem'>> {
    const { kubeconfig, clock } = this.#options
    const { path, adminKubeconfig } = this.#directory
    const own = { kubeconfig: adminKubeconfig, kubeconfigProblem: undefined }
    if (kubeconfig === undefined) return own
    const files = kubeconfigPaths(kubeconfig.path, kubeconfig.env)
    const entry = adminContext(adminKubeconfig)
    try {
      const file = await mergeContext(files, entry, clock)
      const former = await useContext(files, contextName, clock)
      // The former one of the first time, since when ours has been the current one.
      const kept = record.kubeconfig ?? { files, former }
      writeUpRecord(path, { ...record, kubeconfig: kept })
      return { kubeconfig: file, kubeconfigProblem: undefined }
    } catch (error) {
      // Nobody has asked for this file by its name.
      if (kubeconfig.path !== undefined || !(error instanceof KubeconfigError)) throw error
      return { ...own, kubeconfigProblem: error.message }
    }
  }
}

/** Which flag names another range. */
function rangeTaken(error: unknown, record: UpRecord): ClusterError | undefined {
  if (!(error instanceof NetworkError) || error.range === undefined) return undefined
  const { range, message } = error
  const isPods = record.clusterCidrs.includes(range)
  const flag = range === record.nodeCidr ? 'node' : isPods ? 'cluster' : 'service'
  const way = `if that is another cluster, k8ts down removes it; else name another range with --${flag}-cidr`
  return new ClusterError(`${message}: ${way}`, { cause: error })
}

/** A cluster that exists keeps to what it was made with. */
function checkUnchanged(record: UpRecord, settings: UpSettings, dataDir: string): void {
  const ports = (publish: readonly PublishedPort[]) => publish.map(formatPublishedPort).join()
  type Text = boolean | number | string | undefined
  const asked: readonly (readonly [flag: string, wanted: Text, is: Text])[] = [
    ['--nodes', settings.nodes, record.nodes],
    ['--api-port', settings.apiPort, record.apiPort],
    ['--node-cidr', settings.nodeCidr, record.nodeCidr],
    ['--cluster-cidr', settings.clusterCidrs?.join(), record.clusterCidrs.join()],
    ['--service-cidr', settings.serviceCidrs?.join(), record.serviceCidrs.join()],
    ['--isolated', settings.isolated, record.isolated],
    ['--publish', settings.publish && ports(settings.publish), ports(record.publish)],
  ]
  for (const [flag, wanted, is] of asked) {
    if (wanted === undefined || wanted === is) continue
    const has = is === '' ? 'without it' : `with ${is}`
    throw new ClusterError(
      `${flag} ${wanted}: the cluster in ${dataDir} was made ${has}; k8ts down removes it`,
    )
  }
}
