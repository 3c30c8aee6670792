import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, poll, withTimeout, type Clock, type Log, type Random } from '#base'
import { inNetworkNamespace, unmountBelow, type Cgroups, type Exec, type Mounts } from '#linux'
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
  /** Network configuration list (a .conflist) for the pods, as a value. */
  readonly cniConfiguration: { readonly name: string }
  readonly exec: Exec
  readonly mounts: Mounts
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A containerd of our own. */
export interface Containerd {
  /** The path of its socket, for CRI and for its own clients. */
  readonly address: string
  readonly pid: number
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
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

/** Starts it and waits until CRI answers. Rejects with a KubeletError that has its last words. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { directory, clock, random, log } = options
  const paths = pathsIn(directory)
  if (Buffer.byteLength(`${paths.socket}.ttrpc`) >= socketPathBytesMax) {
    throw new KubeletError('Unusable', `the path of the socket is too long: ${paths.socket}`)
  }
  await prepare(options, paths)
  const child = launch(options, paths)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  using runtime = new CriRuntime({ address: paths.socket, clock, random, log })
  try {
    await Promise.race([
      poll({ clock, intervalMs: pollMs, timeoutMs: startTimeoutMs, what: 'containerd' }, () =>
        runtime.version().catch(() => undefined),
      ),
      ended.then(() => Promise.reject(new Error('it ended'))),
    ])
  } catch (cause) {
    child.kill('SIGKILL')
    const words = await lastWords(paths.log)
    const message = `containerd does not start: ${asError(cause).message}: ${words}`
    throw new KubeletError('Unusable', message, { cause })
  }
  const stop = async () => {
    child.kill('SIGTERM')
    await withTimeout(clock, ended, stopTimeoutMs, 'containerd to stop').catch(() => {
      child.kill('SIGKILL')
    })
    await ended
  }
  return {
    address: paths.socket,
    pid: child.pid ?? 0,
    ended,
    stop,
    async destroy(cgroups, cgroupRoot) {
      if (child.exitCode === null && child.signalCode === null) {
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

/** Removes what a containerd on this directory has left behind. Idempotent. */
export async function destroyRemains(options: RemainsOptions): Promise<void> {
  const { directory, mounts, cgroups, cgroupRoot, clock } = options
  const paths = pathsIn(directory)
  const until = { clock, intervalMs: pollMs, timeoutMs: destroyTimeoutMs }
  await poll({ ...until, what: 'processes of containers to end' }, async () => {
    const left = [...(await processesOf(paths)), ...(await cgroups.processes(cgroupRoot))]
    for (const pid of left) kill(pid)
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
  await rm(directory, { recursive: true, force: true })
}

/** CNI's library keeps what it did in a directory of its own, by sandbox; after a crash it stays. */
const cniResults = '/var/lib/cni/results'

async function forgetNetworks(state: string): Promise<void> {
  const tasks = join(state, 'io.containerd.runtime.v2.task', 'k8s.io')
  const ids = await readdir(tasks).catch(() => [])
  const results = ids.length === 0 ? [] : await readdir(cniResults).catch(() => [])
  for (const result of results) {
    if (ids.some((id) => result.includes(id))) await rm(join(cniResults, result), { force: true })
  }
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
  await writeFile(
    join(paths.cni, `10-${cniConfiguration.name}.conflist`),
    JSON.stringify(cniConfiguration),
  )
  const config = containerdConfig({
    ...paths,
    pauseImage,
    cniBinaries,
    cniConfiguration: paths.cni,
    restrictOomScoreAdj: !(await mayLowerOomScores()),
  })
  await writeFile(paths.config, config)
}

function launch(options: ContainerdOptions, paths: ReturnType<typeof pathsIn>): ChildProcess {
  const { command, args } = inNetworkNamespace(options.networkNamespace, {
    command: 'containerd',
    args: ['--config', paths.config],
  })
  const log = openSync(paths.log, 'a')
  // A session of its own: what ends the terminal's programs does not end the node's containers.
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  child.unref()
  return child
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

async function removeSandboxes(options: CriOptions): Promise<void> {
  using runtime = new CriRuntime(options)
  const all = await runtime.sandboxes()
  await Promise.all(
    all.map(async ({ id }) => {
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
    }),
  )
}

/** A containerd is told its configuration, a shim the address of the containerd that started it. */
async function processesOf(paths: {
  readonly config: string
  readonly socket: string
}): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const told = words.includes(paths.socket) || words.includes(paths.config)
    if ((words[0] ?? '').includes('containerd') && told) {
      found.push(Number(name))
    }
  }
  return found
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
