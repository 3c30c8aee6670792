import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realClock, withTimeout } from '#base'
import { httpsTransport, loadKubeconfig, type Call, type Endpoint } from '#client'

const root = new URL('..', import.meta.url).pathname

/** A directory of a benchmark's own, gone when it is over. */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'k8ts-bench-'))
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

export interface ControlPlane extends AsyncDisposable {
  readonly pid: number
  readonly endpoint: Endpoint
  send(call: Call): Promise<unknown>
  /** From the start of the process to the first 200 of /readyz. */
  readonly readyMs: number
  /** Seconds of CPU used so far, all threads. */
  cpuSeconds(): number
  memory(): { readonly rssMib: number; readonly peakMib: number }
  /** Lets the peak begin anew at what is held now. */
  resetPeak(): void
}

/**
 * Starts `bin/k8ts server` on a data directory and waits until it is ready: all of it, or the API
 * server alone where that is what is measured.
 */
export async function startControlPlane(
  dataDir: string,
  parts: 'all' | 'api-only' = 'all',
  flags: readonly string[] = [],
): Promise<ControlPlane> {
  const started = realClock.elapsed()
  const args = ['server', '--data-dir', dataDir, '--api-port', '0', '--no-kubeconfig', ...flags]
  if (parts === 'api-only') args.push('--api-only')
  const child = spawn(join(root, 'bin/k8ts'), args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = exitOf(child)
  try {
    await withTimeout(realClock, Promise.race([line(child), exited]), 60_000, 'the control plane')
    const { endpoint } = loadKubeconfig([join(dataDir, 'admin.kubeconfig')])
    const transport = httpsTransport(endpoint, { clock: realClock, userAgent: 'bench' })
    await transport.send({ method: 'GET', path: '/readyz' })
    const readyMs = realClock.elapsed() - started
    const pid = child.pid ?? 0
    return {
      pid,
      endpoint,
      send: (call) => transport.send(call),
      readyMs,
      cpuSeconds: () => cpuSeconds(pid),
      memory: () => memory(pid),
      resetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
      async [Symbol.asyncDispose]() {
        await transport[Symbol.asyncDispose]()
        child.kill('SIGTERM')
        await withTimeout(realClock, exited, 10_000, 'the end of the control plane').catch(() =>
          child.kill('SIGKILL'),
        )
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/**
 * Runs one of `bench/child/` with a JSON argument in a process of its own, so that it shares no
 * thread with what it measures, and returns the JSON that it prints. `within` is a program that
 * runs it, such as unshare.
 */
export async function runChild<T>(
  script: string,
  job: object,
  limitMs = 60_000,
  within: readonly string[] = [],
): Promise<T> {
  const [command, ...args] = [
    ...within,
    process.execPath,
    '--conditions=source',
    '--expose-gc',
    join(root, 'bench/child', `${script}.ts`),
    JSON.stringify(job),
  ]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const result = await withTimeout(realClock, allOutput(child), limitMs, `bench/child/${script}`)
    return JSON.parse(result) as T
  } finally {
    child.kill('SIGKILL')
  }
}

async function allOutput(child: ChildProcess): Promise<string> {
  let output = ''
  child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', reject)
  })
  if (code !== 0) throw new Error(`a child of the benchmark ended with ${code}`)
  return output
}

function exitOf(child: ChildProcess): Promise<never> {
  const exit = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the control plane ended with ${code}`)))
  })
  exit.catch(() => {})
  return exit
}

function line(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.stdout?.once('data', () => resolve()))
}

/** Clock ticks of /proc are hundredths of a second on every Linux that Node runs on. */
const ticksPerSecond = 100

/** CPU that a process has used so far, all threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

export function memory(pid: number): { rssMib: number; peakMib: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
  return { rssMib: mib('VmRSS'), peakMib: mib('VmHWM') }
}
