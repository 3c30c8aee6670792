import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { poll, realClock, realRandom, silentLog } from '#base'
import { loadUp, type UpSettings } from '#cluster'
import { busyboxImage, importImages, machineArchitecture } from '#kubelet'
import { realExec } from '#linux'
import { findKubectls } from '../kubectl/kubectls.ts'

const root = resolve(import.meta.dirname, '..', '..')
export const image = 'docker.io/library/busybox:1.35'
/** Of the test; there is nothing outside of it. */
export const directory = process.env['K8TS_TEST_DIRECTORY'] ?? ''
export const dataDir = join(directory, 'cluster')
const kubeconfig = join(directory, 'kubeconfig')
const exec = realExec(realClock)
/** Longer than anything here takes on a busy machine. */
const limitMs = 60_000

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a program to its end; nothing of this machine's user is in its environment. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly stdin?: string; readonly limitMs?: number } = {},
): Promise<Ended> {
  const child = start(command, args)
  let [out, err] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.stdin ?? '')
  const timer = realClock.timer(options.limitMs ?? limitMs, () => child.kill('SIGKILL'))
  const [code] = await once(child, 'close')
  timer.cancel()
  return { code: typeof code === 'number' ? code : -1, out, err }
}

export function start(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, KUBECONFIG: kubeconfig },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

export const k8ts = (...args: readonly string[]) => run(join(root, 'bin/k8ts'), args)

/** The newest one of this machine. */
export const newestKubectl = findKubectls().at(-1)?.path ?? 'kubectl'

/** Standard output of a call that succeeds. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  return succeed('kubectl', await run(newestKubectl, args), args)
}

export async function apply(manifest: string): Promise<void> {
  const args = ['apply', '-f', '-']
  succeed('kubectl', await run(newestKubectl, args, { stdin: manifest }), args)
}

/** Standard output of a program that succeeds. */
export async function output(command: string, ...args: readonly string[]): Promise<string> {
  return succeed(command, await run(command, args), args)
}

function succeed(command: string, { code, out, err }: Ended, args: readonly string[]): string {
  if (code === 0) return out
  throw new Error(`${command} ${args.join(' ')}: exit code ${code}: ${err}${out}`)
}

/** Makes a cluster, with busybox on each node. */
export async function upCluster(...flags: readonly string[]): Promise<void> {
  mkdirSync(directory, { recursive: true })
  await exec.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
  const ended = await k8ts('up', `--data-dir=${dataDir}`, ...flags)
  if (ended.code !== 0) throw new Error(`k8ts up: ${ended.err}`)
  await importBusybox()
}

/** Makes a cluster, or starts again what of it does not run, with settings that users do not have. */
export async function upShortened(settings: UpSettings): Promise<void> {
  mkdirSync(directory, { recursive: true })
  await exec.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
  const { up } = await loadUp()
  await up({
    clock: realClock,
    random: realRandom,
    log: silentLog,
    dataDir,
    settings,
    kubeconfig: { path: kubeconfig, env: {} },
    command: join(root, 'bin/k8ts'),
    progress: () => {},
    signal: new AbortController().signal,
  })
}

/** Packs the images that a YAML file defines into all nodes. */
export async function packImages(definitions: string): Promise<void> {
  const ended = await k8ts('image', 'pack', `--data-dir=${dataDir}`, definitions)
  if (ended.code !== 0) throw new Error(`k8ts image pack: ${ended.err}`)
}

export async function downCluster(): Promise<void> {
  const ended = await k8ts('down', `--data-dir=${dataDir}`)
  if (ended.code !== 0) throw new Error(`k8ts down: ${ended.err}`)
}

export async function importBusybox(): Promise<void> {
  const nodes = (await kubectl('get', 'nodes', '-o', 'name')).trim().split('\n')
  const names = nodes.map((node) => node.replace('node/', ''))
  await importBusyboxInto(names.map((name) => join(dataDir, 'nodes', name)))
}

/** Into the containerds of nodes that have these directories. */
export async function importBusyboxInto(directories: readonly string[]): Promise<void> {
  const archive = await busyboxImage({ name: image, architecture: machineArchitecture(), exec })
  for (const each of directories) {
    await importImages(exec, join(each, 'containerd/containerd.sock'), archive)
  }
}

/** Runs a program in the network of a node. */
export function inNode(number: number, command: string, ...args: readonly string[]) {
  return run('nsenter', [
    `--net=${join(dataDir, 'nodes', `node-${number}.net`)}`,
    '--',
    command,
    ...args,
  ])
}

export function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  return poll({ clock: realClock, intervalMs: 50, timeoutMs: limitMs, what }, ask)
}
