import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Pod, Service, type PodStatus } from '#api'
import type { Clock, Log, Random } from '#base'
import { EventBroadcaster, Informers, referenceTo, type Client, type Informer } from '#client'
import type { Cgroups, Mounts } from '#linux'
import type { ObjectOf } from '#machinery'
import { kubeletConfiguration } from './configuration.ts'
import { ImagePuller } from './images/image-puller.ts'
import { keepLogsRotated, usualRotation, type RotationLimits } from './logs/log-rotation.ts'
import { runningLogs } from './logs/running-logs.ts'
import { kubeletMetrics } from './metrics/kubelet-metrics.ts'
import { readMachine } from './node/machine.ts'
import { capacity } from './node/node-object.ts'
import { NodeReporter } from './node/node-reporter.ts'
import { CrashLoop, usualCrashLoop, type CrashLoopOptions } from './pods/crash-loop.ts'
import { rejectionOf } from './pods/node-admission.ts'
import { uidOf } from './pods/observed.ts'
import { fieldPath } from './pods/pod-starter.ts'
import type { PodHost } from './pods/pod-host.ts'
import type { Waiting } from './pods/pod-status.ts'
import { podPaths } from './pods/pod-paths.ts'
import { PodWorker } from './pods/pod-worker.ts'
import { qosCgroups, QosCgroups } from './pods/qos-cgroups.ts'
import { allocatedBefore } from './pods/resize.ts'
import { possiblePodCgroups } from './pods/resources.ts'
import { StatusWriter } from './pods/status-writer.ts'
import { PodProbes } from './probes/pod-probes.ts'
import { realProber, type Prober } from './probes/prober.ts'
import { ContainerEnds } from './runtime/container-ends.ts'
import type { Runtime } from './runtime/runtime.ts'
import { KubeletServer, type KubeletServerOptions } from './server/kubelet-server.ts'
import { NodeStats } from './stats/node-stats.ts'
import { PodVolumes } from './volumes/pod-volumes.ts'
import { ReferencedObjects } from './volumes/referenced-objects.ts'
import { ServiceAccountTokens } from './volumes/tokens.ts'

export interface KubeletOptions {
  /** Acts as the node: user system:node:<name>, group system:nodes. */
  readonly client: Client
  /** Shared with others that act as the node, who start and end them; its own by default. */
  readonly informers?: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly nodeName: string
  readonly nodeIps: readonly string[]
  readonly nodeLabels?: Readonly<Record<string, string>>
  readonly runtime: Runtime
  readonly mounts: Mounts
  readonly cgroups: Cgroups
  /** The cgroup under which `kubepods` stands, such as /k8ts-default-node-1; '' for the root. */
  readonly cgroupRoot: string
  /** Holds pods' volumes; upstream's /var/lib/kubelet. */
  readonly rootDirectory: string
  /** Holds containers' logs; `logs/pods` below the root directory by default. */
  readonly logDirectory?: string
  readonly clusterDns?: readonly string[]
  readonly clusterDomain?: string
  /** In the form of resolv.conf(5): how the node itself looks up names; /etc/resolv.conf by default. */
  readonly resolvConf?: string
  readonly podsMax?: number
  readonly crashLoop?: CrashLoopOptions
  readonly leaseSeconds?: number
  /** How containers are probed; from the process' own network by default. */
  readonly prober?: Prober
  readonly logRotation?: RotationLimits
  /** Without it there is no server, and no logs, exec, attach and port-forward. */
  readonly server?: KubeletServerOptions
}

export interface Kubelet extends AsyncDisposable {
  /** Of its server; undefined where there is none. */
  readonly port: number | undefined
  /** Asks the runtime how it is and tells the API server now, where that is usually done in turn. */
  reportNode(): Promise<void>
  /** Stops looking after the node. Its pods run on; a kubelet that starts later finds them. */
  stop(): Promise<void>
}

/** Where an event is missed, everything is looked at again after so long. */
const relistMs = 60_000
const podsMaxUsual = 110
const resolvConfUsual = '/etc/resolv.conf'

/**
 * Registers the node and runs the pods that are bound to it, until stopped. Resolves when the node
 * is registered and its pods are known. The runtime is the truth about what runs: pods it has are
 * taken over as they are, and what belongs to no pod of the API is removed.
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const kubelet = new RunningKubelet(options)
  try {
    await kubelet.start()
  } catch (error) {
    await kubelet.stop()
    throw error
  }
  return kubelet
}

class RunningKubelet implements Kubelet {
  readonly #options: KubeletOptions
  /** Undefined where they are shared: somebody else starts and ends those. */
  readonly #ownInformers: Informers | undefined
  readonly #broadcaster: EventBroadcaster
  readonly #pods: Informer<ObjectOf<typeof Pod>>
  readonly #services: Informer<ObjectOf<typeof Service>>
  readonly #workers = new Map<string, PodWorker>()
  /** Which pod a container or sandbox is of. */
  readonly #owners = new Map<string, string>()
  readonly #ends: ContainerEnds
  #qos: QosCgroups | undefined
  readonly #stopping = new AbortController()
  #server: KubeletServer | undefined
  #relistedMs = -Infinity
  #background: Promise<unknown> = Promise.resolve()
  #host: PodHost | undefined
  #reporter: NodeReporter | undefined
  #endHandler: (() => void) | undefined

  constructor(options: KubeletOptions) {
    this.#options = options
    const informers = options.informers ?? new Informers(options.client, options)
    if (informers !== options.informers) this.#ownInformers = informers
    this.#broadcaster = new EventBroadcaster(options.client, options)
    this.#pods = informers.of(Pod, { fieldSelector: `spec.nodeName=${options.nodeName}` })
    this.#services = informers.of(Service)
    this.#ends = new ContainerEnds(options.runtime, options.clock)
  }

  get port(): number | undefined {
    return this.#server?.port
  }

  async start(): Promise<void> {
    const options = this.#options
    const { rootDirectory, runtime } = options
    const { signal } = this.#stopping
    await mkdir(rootDirectory, { recursive: true })
    const machine = await readMachine(rootDirectory, options.resolvConf ?? resolvConfUsual)
    const { name, version } = await runtime.version()
    const podsMax = this.#options.podsMax ?? podsMaxUsual
    const basics = {
      name: this.#options.nodeName,
      machine,
      ips: this.#options.nodeIps,
      podsMax,
      runtimeVersion: `${name}://${version}`,
      labels: this.#options.nodeLabels ?? {},
    }
    const host = this.#makeHost(machine.memoryBytes, capacity(basics), machine.dns)
    this.#host = host
    await this.#serve(host, podsMax)
    const facts = { ...basics, serverPort: this.port }
    this.#reporter = new NodeReporter({ ...this.#options, facts, events: host.events })
    await Promise.all([
      this.#reporter.start(),
      this.#ownInformers?.start(signal),
      this.#pods.whenSynced(signal),
      this.#services.whenSynced(signal),
    ])
    await this.#removeOrphans(host)
    this.#qos = new QosCgroups(options.cgroups, options.log, () =>
      qosCgroups(options.cgroupRoot, host.allocatable, this.#pods.lister.list()),
    )
    this.#qos.changed()
    await this.#qos.settled()
    this.#endHandler = this.#pods.addHandler({
      added: (pod) => {
        this.#added(host, pod)
        this.#qos?.changed()
      },
      updated: (pod, before) => {
        this.#workers.get(uidOf(pod))?.update(pod)
        const { generation } = before.metadata
        const isSame =
          generation === pod.metadata.generation && isOver(before.status) === isOver(pod.status)
        if (!isSame) this.#roomChanged()
      },
      deleted: (pod) => {
        this.#workers.get(uidOf(pod))?.remove()
        this.#roomChanged()
      },
    })
    this.#background = Promise.all([
      runtime.watch(
        {
          changed: (id, ended) => this.#changed(id, ended),
          gap: () => {
            this.#wakeAll()
            this.#ends.gap()
          },
        },
        signal,
      ),
      this.#relist(signal),
      this.#rotate(host, signal),
    ])
  }

  async reportNode(): Promise<void> {
    await this.#reporter?.check()
  }

  async stop(): Promise<void> {
    this.#endHandler?.()
    this.#stopping.abort()
    await this.#server?.stop()
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()))
    // Not before: what a worker still says of its pod comes from them.
    this.#host?.probes.stopAll()
    await this.#qos?.settled()
    await this.#reporter?.stop()
    await this.#host?.statuses.stop()
    await this.#host?.referenced[Symbol.asyncDispose]()
    await this.#background
    await this.#ownInformers?.[Symbol.asyncDispose]()
    await this.#broadcaster[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #serve(host: PodHost, podsMax: number): Promise<void> {
    const options = this.#options
    if (options.server === undefined) return
    const { nodeName, runtime, clock } = options
    const pods = () => this.#pods.lister.list()
    const statusOf = (pod: Pod) => host.statuses.latest(uidOf(pod)) ?? pod.status
    this.#server = new KubeletServer(options.server, {
      ...options,
      ends: this.#ends,
      stats: new NodeStats(nodeName, { ...options, paths: host.paths, pods, statusOf }),
      logsDirectory: dirname(host.paths.logs),
      pods,
      pod: (namespace, name) => this.#pods.lister.get(namespace, name),
      statusOf,
      syncProblem: () =>
        clock.elapsed() - this.#relistedMs > 2 * relistMs
          ? 'pods were not looked at for too long'
          : undefined,
      configuration: () => kubeletConfiguration(options, podsMax),
      metrics: () => kubeletMetrics(nodeName, runtime),
      probeMetrics: () => host.probes.metrics(),
    })
    await this.#server.start()
  }

  #rotate({ paths, statuses }: PodHost, signal: AbortSignal): Promise<void> {
    const limits = this.#options.logRotation ?? usualRotation
    const running = () =>
      this.#pods.lister.list().flatMap((pod) => {
        const status = statuses.latest(uidOf(pod)) ?? pod.status
        return runningLogs(status, paths.podLogs(pod))
      })
    return keepLogsRotated({ ...this.#options, limits, running }, signal)
  }

  #added(host: PodHost, pod: Pod): void {
    const worker = new PodWorker(host, pod, this.#rejectionOf(host, pod))
    this.#workers.set(worker.uid, worker)
    void worker.ended.then(() => {
      if (this.#stopping.signal.aborted) return
      this.#workers.delete(worker.uid)
      for (const [id, uid] of this.#owners) if (uid === worker.uid) this.#owners.delete(id)
    })
  }

  /** A pod that has been let in once stays. */
  #rejectionOf({ allocatable }: PodHost, pod: Pod): Waiting | undefined {
    if (isLetIn(pod)) return undefined
    return rejectionOf(pod, { allocatable, pods: this.#others(uidOf(pod)) })
  }

  /** The pods that take room of the node's, but one. */
  #others(podUid: string): readonly Pod[] {
    return this.#pods.lister.list().flatMap((pod) => {
      const uid = uidOf(pod)
      const status = this.#host?.statuses.latest(uid) ?? pod.status
      if (uid === podUid || isOver(status)) return []
      const worker = this.#workers.get(uid)
      // Of a kubelet that has just started some workers may be to come.
      if (worker === undefined) return isLetIn(pod) ? [allocatedBefore(pod)] : []
      return worker.isLetIn ? [worker.allocated] : []
    })
  }

  /** A pod has ended, or wants more or less than before. */
  #roomChanged(): void {
    for (const worker of this.#workers.values()) worker.roomChanged()
    this.#qos?.changed()
  }

  #makeHost(
    memoryCapacityBytes: number,
    allocatable: Readonly<Record<string, string>>,
    node: PodHost['dns']['node'],
  ): PodHost {
    const options = this.#options
    const { client, clock, log, nodeName, rootDirectory, runtime } = options
    const events = this.#broadcaster.recorder({ component: 'kubelet', host: nodeName })
    const prober = options.prober ?? realProber(runtime, clock)
    const paths = podPaths(
      rootDirectory,
      options.logDirectory ?? join(rootDirectory, 'logs', 'pods'),
    )
    return {
      client,
      clock,
      log,
      runtime,
      events,
      cgroups: options.cgroups,
      cgroupRoot: options.cgroupRoot,
      images: new ImagePuller(runtime, clock),
      volumes: new PodVolumes({ ...options, paths }),
      referenced: new ReferencedObjects({
        ...options,
        changed: (uid) => this.#workers.get(uid)?.refresh(),
      }),
      tokens: new ServiceAccountTokens(client, clock),
      probes: new PodProbes({
        ...options,
        prober,
        changed: (uid) => this.#workers.get(uid)?.wake(),
        failed: (pod, container, message) => {
          const about = referenceTo(pod, fieldPath(pod, container))
          events.record(about, { type: 'Warning', reason: 'Unhealthy', message })
        },
      }),
      prober,
      statuses: new StatusWriter(options),
      crashLoop: new CrashLoop(options.crashLoop ?? usualCrashLoop),
      paths,
      dns: {
        servers: options.clusterDns ?? [],
        domain: options.clusterDomain ?? 'cluster.local',
        node,
      },
      hostIps: options.nodeIps,
      memoryCapacityBytes,
      allocatable,
      services: () => this.#services.lister.list(),
      others: (uid) => this.#others(uid),
      owns: (uid, ids) => {
        for (const id of ids) this.#owners.set(id, uid)
      },
    }
  }

  /** What runs here for pods that the API no longer has. */
  async #removeOrphans({ cgroups, cgroupRoot, paths, runtime, volumes }: PodHost): Promise<void> {
    const known = new Set(this.#pods.lister.list().map(uidOf))
    for (const { id, podUid, podName, podNamespace } of await runtime.sandboxes()) {
      if (known.has(podUid)) continue
      this.#options.log.info('removing a pod that the API does not have', {
        pod: `${podNamespace}/${podName}`,
      })
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
      for (const group of possiblePodCgroups(cgroupRoot, podUid)) {
        // What the runtime has just ended may need a moment more; an empty cgroup does no harm.
        await cgroups.remove(group).catch(() => {})
      }
    }
    const directories = await readdir(paths.pods).catch(() => [])
    for (const uid of directories) if (!known.has(uid)) await volumes.remove(uid)
    for (const name of await readdir(paths.logs).catch(() => [])) {
      const uid = name.slice(name.lastIndexOf('_') + 1)
      if (!known.has(uid)) await rm(join(paths.logs, name), { recursive: true, force: true })
    }
  }

  #changed(id: string, ended: boolean): void {
    const worker = this.#workers.get(this.#owners.get(id) ?? '')
    if (ended) this.#ends.ended(id)
    if (ended) worker?.expectEnd(id)
    else worker?.wake()
  }

  #wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake()
  }

  async #relist(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#relistedMs = this.#options.clock.elapsed()
      await this.#options.clock.sleep(relistMs, signal).catch(() => {})
      if (signal.aborted) return
      for (const worker of this.#workers.values()) worker.refresh()
      this.#qos?.changed()
    }
  }
}

/** Its kubelet has begun with it. */
function isLetIn({ status }: Pod): boolean {
  return status.startTime !== undefined && status.startTime !== null
}

function isOver({ phase }: PodStatus): boolean {
  return phase === 'Failed' || phase === 'Succeeded'
}
