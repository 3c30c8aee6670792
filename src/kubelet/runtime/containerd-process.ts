import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { asError, poll, withTimeout, type Clock, type Log, type Random } from '#base'
import {
  findProcesses,
  inNetworkNamespace,
  signalProcess,
  unmountBelow,
  type Cgroups,
  type Exec,
  type Mounts,
} from '#linux'
import { KubeletError } from '../error.ts'
import { containerdConfig } from './containerd-config.ts'
import { CriRuntime, type CriOptions } from './cri-grpc.ts'

export interface ContainerdOptions {
  /** Holds everything it makes: configuration, images, state, its log. */
  readonly directory: string
  /** Path of the network namespace to run in; the process' own where undefined. */
  readonly networkNamespace?: string | undefined
  readonly pauseImage: string
  /** Where the CNI plugins are; Debian's place by default. */
  readonly cniBinaries?: string
  /** For the pods, where it is known already; without one no pod gets a network. */
  readonly cniConfiguration?: CniConfiguration
  readonly exec: Exec
  readonly mounts: Mounts
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A network configuration list (a .conflist), as a value. */
export interface CniConfiguration {
  readonly name: string
}

/** A containerd of our own. */
export interface Containerd {
  /** The path of its socket, for CRI and for its own clients. */
  readonly address: string
  readonly pid: number
  /** It was started now; false where it ran already. */
  readonly isNew: boolean
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** How pods get their network from now on; containerd takes it up by itself. */
  configureNetwork(configuration: CniConfiguration): Promise<void>
  /** Ends containerd and leaves the containers running; another one on the directory finds them. */
  stop(): Promise<void>
  /**
   * Ends containerd with all that it started: sandboxes, shims, the processes of the cgroups
   * below `cgroupRoot`, mounts; and removes the directory. Works on what is left of a crash, too.
   */
  destroy(cgroups: Cgroups, cgroupRoot: string): Promise<void>
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 15_000
const destroyTimeoutMs = 30_000
const pollMs = 20
/** A unix socket's path is at most so long, its closing zero included. */
const socketPathBytesMax = 108

/**
 * Starts it and waits until CRI answers; one that runs on the directory already is taken over as it
 * is. Rejects with a KubeletError that has its last words.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { directory, clock, random, log } = options
  const paths = pathsIn(directory)
  if (Buffer.byteLength(`${paths.socket}.ttrpc`) >= socketPathBytesMax) {
    throw new KubeletError('Unusable', `the path of the socket is too long: ${paths.socket}`)
  }
  const found = await running(paths, clock)
  const { pid, ended } = found ?? (await launch(options, paths))
  using runtime = new CriRuntime({ address: paths.socket, clock, random, log })
  try {
    await Promise.race([
      poll({ clock, intervalMs: pollMs, timeoutMs: startTimeoutMs, what: 'containerd' }, () =>
        runtime.version().catch(() => undefined),
      ),
      ended.then(() => Promise.reject(new Error('it ended'))),
    ])
  } catch (cause) {
    signalProcess(pid, 'SIGKILL')
    const words = await lastWords(paths.log)
    const message = `containerd does not start: ${asError(cause).message}: ${words}`
    throw new KubeletError('Unusable', message, { cause })
  }
  let alive = true
  void ended.then(() => (alive = false))
  const stop = async () => {
    if (!alive) return
    signalProcess(pid, 'SIGTERM')
    await withTimeout(clock, ended, stopTimeoutMs, 'containerd to stop').catch(() =>
      signalProcess(pid, 'SIGKILL'),
    )
    await ended
  }
  return {
    address: paths.socket,
    pid,
    isNew: found === undefined,
    ended,
    configureNetwork: (configuration) => writeNetwork(paths, configuration),
    stop,
    async destroy(cgroups, cgroupRoot) {
      if (alive) {
        await withTimeout(
          clock,
          removeSandboxes({ address: paths.socket, clock, random, log }),
          destroyTimeoutMs,
          'sandboxes to be removed',
        ).catch((error: unknown) =>
          log.warn('sandboxes were not removed in order', { error: asError(error).message }),
        )
      }
      await stop()
      await destroyRemains({ ...options, cgroups, cgroupRoot })
    },
  }
}

export interface RemainsOptions {
  readonly directory: string
  readonly mounts: Mounts
  readonly cgroups: Cgroups
  readonly cgroupRoot: string
  readonly clock: Clock
}

/** Removes what a containerd on this directory has left behind, with its files. Idempotent. */
export async function destroyRemains(options: RemainsOptions): Promise<void> {
  await endRemains(options)
  await rm(options.directory, { recursive: true, force: true })
}

/** The same without the files: processes, mounts and cgroups go, as at a reboot. */
export async function endRemains(options: RemainsOptions): Promise<void> {
  const { directory, mounts, cgroups, cgroupRoot, clock } = options
  const paths = pathsIn(directory)
  const until = { clock, intervalMs: pollMs, timeoutMs: destroyTimeoutMs }
  await poll({ ...until, what: 'processes of containers to end' }, async () => {
    const left = [...(await processesOf(paths)), ...(await cgroups.processes(cgroupRoot))]
    for (const pid of left) signalProcess(pid, 'SIGKILL')
    return left.length === 0
  })
  await forgetNetworks(paths.state)
  await unmountBelow(mounts, directory)
  // A cgroup is busy for a moment after its last process.
  await poll({ ...until, what: 'cgroups to be removed' }, () =>
    cgroups.remove(cgroupRoot).then(
      () => true,
      () => false,
    ),
  )
  for (const place of sharedPlaces) await rmdir(place).catch(() => {})
}

/** CNI's library keeps what it did in a directory of its own, by sandbox; after a crash it stays. */
const cniResults = '/var/lib/cni/results'
/** Made by every containerd whatever it is told, and by shims again; gone when nobody uses them. */
const sharedPlaces = [
  '/run/containerd/fifo',
  '/run/containerd/s',
  '/run/containerd',
  cniResults,
  '/var/lib/cni',
]

async function forgetNetworks(state: string): Promise<void> {
  const tasks = join(state, 'io.containerd.runtime.v2.task', 'k8s.io')
  const ids = await readdir(tasks).catch(() => [])
  const results = ids.length === 0 ? [] : await readdir(cniResults).catch(() => [])
  for (const result of results) {
    if (ids.some((id) => result.includes(id))) await rm(join(cniResults, result), { force: true })
  }
}

/** The path of the socket of a containerd on this directory, for CRI and for its own clients. */
export function containerdAddress(directory: string): string {
  return pathsIn(directory).socket
}

function pathsIn(directory: string) {
  return {
    root: join(directory, 'root'),
    state: join(directory, 'state'),
    socket: join(directory, 'containerd.sock'),
    config: join(directory, 'config.toml'),
    cni: join(directory, 'cni'),
    log: join(directory, 'containerd.log'),
  }
}

async function prepare(
  options: ContainerdOptions,
  paths: ReturnType<typeof pathsIn>,
): Promise<void> {
  const { pauseImage, cniConfiguration, cniBinaries = '/usr/lib/cni' } = options
  await mkdir(paths.cni, { recursive: true })
  if (cniConfiguration !== undefined) await writeNetwork(paths, cniConfiguration)
  const config = containerdConfig({
    ...paths,
    pauseImage,
    cniBinaries,
    cniConfiguration: paths.cni,
    restrictOomScoreAdj: !(await mayLowerOomScores()),
  })
  await writeFile(paths.config, config)
}

/** Written beside and put in place whole, since containerd reads as soon as it sees something. */
async function writeNetwork(
  { cni }: ReturnType<typeof pathsIn>,
  configuration: CniConfiguration,
): Promise<void> {
  const path = join(cni, `10-${configuration.name}.conflist`)
  const text = JSON.stringify(configuration)
  if ((await readFile(path, 'utf8').catch(() => '')) === text) return
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

/** A process that may be somebody else's child. */
interface Running {
  readonly pid: number
  readonly ended: Promise<void>
}

async function running(paths: Told, clock: Clock): Promise<Running | undefined> {
  const pid = (await containerdsTold(paths.config))[0]
  return pid === undefined ? undefined : { pid, ended: endOf(pid, paths, clock) }
}

/** A connection that says nothing stays open as long as the process that accepted it lives. */
async function endOf(pid: number, { config, socket }: Told, clock: Clock): Promise<void> {
  while ((await containerdsTold(config)).includes(pid)) {
    const connection = connect(`${socket}.ttrpc`).unref()
    await new Promise<void>((resolve) => {
      connection.on('error', () => {})
      connection.on('close', () => resolve())
    })
    await clock.sleep(pollMs)
  }
}

async function launch(
  options: ContainerdOptions,
  paths: ReturnType<typeof pathsIn>,
): Promise<Running> {
  await prepare(options, paths)
  const { command, args } = inNetworkNamespace(options.networkNamespace, {
    command: 'containerd',
    args: ['--config', paths.config],
  })
  const log = openSync(paths.log, 'a')
  // A session of its own: what ends the terminal's programs does not end the node's containers.
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  child.unref()
  const { pid } = child
  if (pid === undefined) {
    const [cause] = await once(child, 'error')
    const message = `containerd cannot be run: ${asError(cause).message}`
    throw new KubeletError('Unusable', message, { cause })
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return { pid, ended }
}

const capSysResource = 24

async function mayLowerOomScores(): Promise<boolean> {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1]
  return ((BigInt(`0x${mask ?? '0'}`) >> BigInt(capSysResource)) & 1n) === 1n
}

async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-3).join(' | ')
}

/** Stops and removes all sandboxes, with their containers and networks, as the runtime does it. */
export async function removeSandboxes(options: CriOptions): Promise<void> {
  using runtime = new CriRuntime(options)
  const all = await runtime.sandboxes()
  await Promise.all(
    all.map(async ({ id }) => {
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
    }),
  )
}

interface Told {
  readonly config: string
  readonly socket: string
}

/** A containerd is told its configuration, a shim the address of the containerd that started it. */
async function processesOf({ config, socket }: Told): Promise<number[]> {
  return [...(await containerdsTold(config)), ...(await containerdsTold(socket))]
}

function containerdsTold(word: string): Promise<number[]> {
  return findProcesses(
    ([name = '', ...words]) => name.includes('containerd') && words.includes(word),
  )
}
