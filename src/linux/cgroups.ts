import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asError } from '#base'
import { usageV1, usageV2, type CgroupUsage } from './cgroup-usage.ts'
import { LinuxError } from './error.ts'
import type { Mount } from './mounts.ts'

/** What a cgroup may use; what is absent is left as it is. */
export interface CgroupLimits {
  /** Of the scale 2 to 262144, as cgroup v1 has it; 1024 is one CPU. */
  readonly cpuShares?: number
  /** Microseconds of CPU per `cpuPeriodUs`; -1 for no limit. */
  readonly cpuQuotaUs?: number
  readonly cpuPeriodUs?: number
  /** -1 for no limit. */
  readonly memoryBytes?: number
  readonly pids?: number
}

/**
 * A tree of cgroups, whichever version the kernel has mounted. Paths are absolute within it, such as
 * `/kubepods/burstable/pod1234`. Errors are LinuxErrors with reason Refused.
 */
export interface Cgroups {
  readonly version: 1 | 2
  /** Makes the cgroup, and those above it, and sets the limits. */
  ensure(path: string, limits: CgroupLimits): Promise<void>
  /** The processes in the cgroup and below it. */
  processes(path: string): Promise<number[]>
  /** What they use. Undefined when the cgroup is not there, or goes meanwhile. */
  usage(path: string): Promise<CgroupUsage | undefined>
  /** Removes the cgroup and those below it; nothing if it is not there. Processes make it fail. */
  remove(path: string): Promise<void>
}

/** The hierarchies that are mounted: all of cgroup v1, or the one of v2 where there is no v1. */
export function realCgroups(mounts: readonly Mount[]): Cgroups {
  const v1 = mounts.filter(({ type }) => type === 'cgroup')
  const unified = mounts.find(({ type }) => type === 'cgroup2')
  if (v1.length > 0) return cgroupsV1(v1, unified)
  if (unified === undefined) throw new LinuxError('Refused', 'no cgroup file system is mounted')
  return cgroupsV2(unified.target)
}

/** In hybrid mode runc also makes each cgroup in the unified hierarchy, which limits nothing there. */
function cgroupsV1(mounts: readonly Mount[], unified: Mount | undefined): Cgroups {
  const rootOf = (controller: string) =>
    mounts.find(({ options }) => options.includes(controller))?.target
  const all = unified === undefined ? mounts : [...mounts, unified]
  const roots = [...new Set(all.map(({ target }) => target))]
  return {
    version: 1,
    async ensure(path, limits) {
      for (const [controller, file, value] of filesV1(limits)) {
        const root = rootOf(controller)
        if (root === undefined) continue
        await made(join(root, path))
        await written(join(root, path, file), value)
      }
    },
    processes: (path) => processesOf(roots.map((root) => join(root, path))),
    usage: (path) =>
      usageV1((controller) => {
        const root = rootOf(controller)
        return root === undefined ? undefined : join(root, path)
      }),
    async remove(path) {
      for (const root of roots) await removeTree(join(root, path))
    },
  }
}

/** Every controller a pod's limits need is named, so that its cgroup exists in each of them. */
function filesV1(limits: CgroupLimits): [string, string, string][] {
  const { cpuShares, cpuQuotaUs, cpuPeriodUs, memoryBytes, pids } = limits
  const files: [string, string, number | undefined][] = [
    ['cpu', 'cpu.shares', cpuShares ?? 2],
    ['cpu', 'cpu.cfs_period_us', cpuPeriodUs],
    ['cpu', 'cpu.cfs_quota_us', cpuQuotaUs],
    ['memory', 'memory.limit_in_bytes', memoryBytes ?? -1],
    ['pids', 'pids.max', pids],
  ]
  return files.flatMap(([controller, file, value]): [string, string, string][] =>
    value === undefined ? [] : [[controller, file, String(value)]],
  )
}

const controllersV2 = ['cpu', 'memory', 'pids', 'cpuset', 'io', 'hugetlb']

function cgroupsV2(root: string): Cgroups {
  return {
    version: 2,
    async ensure(path, limits) {
      const parts = path.split('/').filter((part) => part !== '')
      for (let depth = 0; depth <= parts.length; depth++) {
        const directory = join(root, ...parts.slice(0, depth))
        await made(directory)
        // Only cgroups with children hand controllers on; the last one is for processes.
        if (depth < parts.length) await handControllersOn(directory)
      }
      for (const [file, value] of filesV2(limits)) await written(join(root, path, file), value)
    },
    processes: (path) => processesOf([join(root, path)]),
    usage: (path) => usageV2(join(root, path)),
    remove: (path) => removeTree(join(root, path)),
  }
}

async function handControllersOn(directory: string): Promise<void> {
  const present = (await readFile(join(directory, 'cgroup.controllers'), 'utf8')).trim().split(' ')
  const wanted = controllersV2.filter((name) => present.includes(name))
  const text = wanted.map((name) => `+${name}`).join(' ')
  if (text !== '') await written(join(directory, 'cgroup.subtree_control'), text)
}

export function filesV2(limits: CgroupLimits): [string, string][] {
  const { cpuShares, cpuQuotaUs, cpuPeriodUs = 100_000, memoryBytes, pids } = limits
  const files: [string, string][] = []
  if (cpuShares !== undefined) files.push(['cpu.weight', String(cpuWeight(cpuShares))])
  if (cpuQuotaUs !== undefined) {
    files.push(['cpu.max', `${cpuQuotaUs < 0 ? 'max' : cpuQuotaUs} ${cpuPeriodUs}`])
  }
  if (memoryBytes !== undefined) {
    files.push(['memory.max', memoryBytes < 0 ? 'max' : String(memoryBytes)])
  }
  if (pids !== undefined) files.push(['pids.max', String(pids)])
  return files
}

/** Shares 2 to 262144 become weights 1 to 10000, linearly, as the OCI runtimes have agreed on. */
export function cpuWeight(shares: number): number {
  const within = Math.min(Math.max(shares, 2), 262_144)
  return 1 + Math.floor(((within - 2) * 9_999) / 262_142)
}

async function made(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw refused(directory, error)
  }
}

async function written(file: string, value: string): Promise<void> {
  try {
    await writeFile(file, value)
  } catch (error) {
    throw refused(file, error)
  }
}

async function processesOf(directories: readonly string[]): Promise<number[]> {
  const found = new Set<number>()
  const visit = async (directory: string) => {
    const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(ifGone(''))
    for (const line of text.split('\n')) if (line !== '') found.add(Number(line))
    for (const child of await childrenOf(directory)) await visit(child)
  }
  for (const directory of directories) await visit(directory)
  return [...found]
}

async function removeTree(directory: string): Promise<void> {
  for (const child of await childrenOf(directory)) await removeTree(child)
  try {
    await rmdir(directory)
  } catch (error) {
    if (!isGone(error)) throw refused(directory, error)
  }
}

async function childrenOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(ifGone([]))
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name))
}

function ifGone<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isGone(error)) return value
    throw error
  }
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ENODEV'
}

function refused(path: string, cause: unknown): LinuxError {
  return new LinuxError('Refused', `${path}: ${asError(cause).message}`, { cause })
}
