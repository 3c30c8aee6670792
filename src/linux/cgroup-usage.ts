import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the processes of a cgroup, and of those below it, use. */
export interface CgroupUsage {
  /** Since the cgroup was made; only grows. */
  readonly cpuNs: number
  readonly memoryBytes: number
  /** Without what the kernel would give back first: pages of files that nobody used lately. */
  readonly workingSetBytes: number
  /** Memory that is no file's. */
  readonly rssBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  /** Undefined where there is none. */
  readonly memoryLimitBytes: number | undefined
  /** Threads count, too. Undefined where they are not counted. */
  readonly processes: number | undefined
}

/** Of cgroup v1, each controller has a hierarchy of its own. */
export async function usageV1(
  directoryOf: (controller: string) => string | undefined,
): Promise<CgroupUsage | undefined> {
  const read = (controller: string, file: string) => textIn(directoryOf(controller), file)
  const [cpu, memory, limit, statText, pids] = await Promise.all([
    read('cpuacct', 'cpuacct.usage'),
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.limit_in_bytes'),
    read('memory', 'memory.stat'),
    read('pids', 'pids.current'),
  ])
  if (cpu === undefined || memory === undefined || statText === undefined) return undefined
  const stat = parseFlat(statText)
  return {
    cpuNs: Number(cpu),
    ...memoryOf(Number(memory), stat.get('total_inactive_file')),
    rssBytes: stat.get('total_rss') ?? 0,
    pageFaults: stat.get('total_pgfault') ?? 0,
    majorPageFaults: stat.get('total_pgmajfault') ?? 0,
    memoryLimitBytes: limitOf(limit),
    processes: pids === undefined ? undefined : Number(pids),
  }
}

/** Of cgroup v2. The root has no memory of its own: it is the machine's. */
export async function usageV2(directory: string): Promise<CgroupUsage | undefined> {
  const read = (file: string) => textIn(directory, file)
  const [cpu, memory, limit, statText, pids] = await Promise.all([
    read('cpu.stat'),
    read('memory.current'),
    read('memory.max'),
    read('memory.stat'),
    read('pids.current'),
  ])
  if (cpu === undefined || statText === undefined) return undefined
  const stat = parseFlat(statText)
  const current = memory === undefined ? rootMemory(stat) : Number(memory)
  return {
    cpuNs: (parseFlat(cpu).get('usage_usec') ?? 0) * 1000,
    ...memoryOf(current, stat.get('inactive_file')),
    rssBytes: stat.get('anon') ?? 0,
    pageFaults: stat.get('pgfault') ?? 0,
    majorPageFaults: stat.get('pgmajfault') ?? 0,
    memoryLimitBytes: limitOf(limit),
    processes: pids === undefined ? undefined : Number(pids),
  }
}

function rootMemory(stat: ReadonlyMap<string, number>): number {
  const parts = ['anon', 'file', 'kernel_stack', 'pagetables', 'percpu', 'slab', 'sock']
  return parts.reduce((sum, part) => sum + (stat.get(part) ?? 0), 0)
}

function memoryOf(memoryBytes: number, inactiveFileBytes = 0) {
  return { memoryBytes, workingSetBytes: Math.max(0, memoryBytes - inactiveFileBytes) }
}

/** Without a limit v1 names one that no machine has, v2 says max. */
function limitOf(text: string | undefined): number | undefined {
  const limit = Number(text ?? 'max')
  return limit < 2 ** 60 ? limit : undefined
}

/** Lines of a name and a number. */
function parseFlat(text: string): Map<string, number> {
  const values = new Map<string, number>()
  for (const line of text.split('\n')) {
    const blank = line.indexOf(' ')
    if (blank > 0) values.set(line.slice(0, blank), Number(line.slice(blank + 1)))
  }
  return values
}

async function textIn(directory: string | undefined, file: string): Promise<string | undefined> {
  if (directory === undefined) return undefined
  // A cgroup may go at any time.
  return readFile(join(directory, file), 'utf8').catch(() => undefined)
}
