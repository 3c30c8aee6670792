import { readdir, readFile, stat, statfs } from 'node:fs/promises'
import { totalmem, uptime } from 'node:os'
import { join } from 'node:path'
import type { ContainerStatus as ApiContainerStatus, Pod, PodStatus } from '#api'
import { parseTime, type Clock } from '#base'
import type { Cgroups } from '#linux'
import { uidOf } from '../pods/observed.ts'
import type { PodPaths } from '../pods/pod-paths.ts'
import { podCgroup } from '../pods/resources.ts'
import type { ContainerBrief, DiskUsage, Runtime } from '../runtime/runtime.ts'
import type { CpuRates } from './cpu-rates.ts'
import { parseInterfaces, type ContainerSample } from './sample.ts'
import type { FilesystemSample, InterfaceUsage, Measured } from './sample.ts'
import type { NodeSample, PodSample } from './sample.ts'

export interface MeasuredNode {
  readonly clock: Clock
  readonly runtime: Runtime
  readonly cgroups: Cgroups
  readonly cgroupRoot: string
  readonly paths: PodPaths
  pods(): readonly Pod[]
  statusOf(pod: Pod): PodStatus
}

const nothing: DiskUsage = { usedBytes: 0, inodesUsed: 0 }

/** Looks at everything once. What goes away meanwhile is left out. */
export async function measureNode(node: MeasuredNode, rates: CpuRates): Promise<NodeSample> {
  const { clock, runtime, cgroupRoot, paths } = node
  const atMs = clock.now()
  const [running, layers, images] = await Promise.all([
    runtime.containers(),
    runtime.writableLayers(),
    runtime.imageDiskUsage(),
  ])
  const byPod = Map.groupBy(
    running.filter(({ state }) => state === 'running'),
    ({ podUid }) => podUid,
  )
  const live = node.pods().filter((pod) => !isOver(node.statusOf(pod)))
  const measure = new Measurement(node, rates, atMs, layers)
  const [usage, pods, network, disk, limit, load] = await Promise.all([
    measure.cgroup(cgroupRoot === '' ? '/' : cgroupRoot),
    Promise.all(live.map((pod) => measure.pod(pod, byPod.get(uidOf(pod)) ?? []))),
    interfacesOf('self'),
    filesystemOf(paths.pods),
    numberIn('/proc/sys/kernel/pid_max'),
    textOf('/proc/loadavg'),
  ])
  rates.endRound()
  return {
    atMs,
    startedAtMs: atMs - uptime() * 1000,
    usage,
    memoryCapacityBytes: totalmem(),
    network,
    disk,
    images,
    processesMax: limit,
    // The fourth word: how many run, and how many there are.
    processes: Number(/\d+\/(\d+)/.exec(load)?.[1] ?? 0),
    pods,
  }
}

function isOver({ phase }: PodStatus): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

class Measurement {
  readonly #node: MeasuredNode
  readonly #rates: CpuRates
  readonly #atMs: number
  readonly #layers: ReadonlyMap<string, DiskUsage>

  constructor(
    node: MeasuredNode,
    rates: CpuRates,
    atMs: number,
    layers: ReadonlyMap<string, DiskUsage>,
  ) {
    this.#node = node
    this.#rates = rates
    this.#atMs = atMs
    this.#layers = layers
  }

  async cgroup(path: string): Promise<Measured | undefined> {
    const usage = await this.#node.cgroups.usage(path)
    if (usage === undefined) return undefined
    return { ...usage, cpuNanoCores: this.#rates.rate(path, usage.cpuNs, this.#atMs) }
  }

  async pod(pod: Pod, running: readonly ContainerBrief[]): Promise<PodSample> {
    const { cgroups, cgroupRoot } = this.#node
    const { name = '', namespace = '' } = pod.metadata
    const status = this.#node.statusOf(pod)
    const cgroup = podCgroup(cgroupRoot, pod)
    const isOwnNetwork = pod.spec.hostNetwork !== true
    const [first] = isOwnNetwork ? await cgroups.processes(cgroup) : []
    return {
      name,
      namespace,
      uid: uidOf(pod),
      startedAtMs: parseTime(status.startTime ?? '') ?? this.#atMs,
      cgroup,
      usage: await this.cgroup(cgroup),
      network: first === undefined ? [] : await interfacesOf(String(first)),
      containers: await Promise.all(
        running.map((container) => this.#container(pod, status, cgroup, container)),
      ),
    }
  }

  async #container(
    pod: Pod,
    status: PodStatus,
    podGroup: string,
    { id, name, createdAtMs }: ContainerBrief,
  ): Promise<ContainerSample> {
    const known = apiStatus(status, name)
    const cgroup = `${podGroup}/${id}`
    return {
      id,
      name,
      image: known?.image ?? '',
      startedAtMs: parseTime(known?.state?.running?.startedAt ?? '') ?? createdAtMs,
      cgroup,
      usage: await this.cgroup(cgroup),
      layer: this.#layers.get(id) ?? nothing,
      logs: await filesOf(join(this.#node.paths.podLogs(pod), name)),
    }
  }
}

function apiStatus(status: PodStatus, name: string): ApiContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = status
  return [...containerStatuses, ...initContainerStatuses].find((each) => each.name === name)
}

async function filesOf(directory: string): Promise<DiskUsage> {
  const names = await readdir(directory).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  )
  return { usedBytes: sizes.reduce((sum, size) => sum + size, 0), inodesUsed: sizes.length }
}

async function filesystemOf(path: string): Promise<FilesystemSample> {
  const found = await statfs(path).catch(() => undefined)
  const { bsize = 0, blocks = 0, bfree = 0, bavail = 0, files = 0, ffree = 0 } = found ?? {}
  return {
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
  }
}

async function interfacesOf(process: string): Promise<InterfaceUsage[]> {
  return parseInterfaces(await textOf(`/proc/${process}/net/dev`))
}

async function numberIn(path: string): Promise<number> {
  return Number(await textOf(path))
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
