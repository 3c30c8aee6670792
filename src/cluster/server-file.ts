import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import type { DataDirectory } from './data-directory.ts'
import { writeWhole } from './data-directory.ts'
import { ClusterError, codeOf } from './error.ts'

/** Which process serves from a data directory. */
export interface ServerRecord {
  readonly pid: number
  /** When the kernel started the process, in its ticks: tells a process from a later one of its pid. */
  readonly startTicks: string
  /** Undefined until it serves. */
  readonly url?: string | undefined
  readonly store?: string | undefined
  readonly startedAt?: string | undefined
}

/** Undefined when no server runs; a record that a killed process left counts as none. */
export function runningServer({
  serverFile,
}: Pick<DataDirectory, 'serverFile'>): ServerRecord | undefined {
  let record: ServerRecord
  try {
    record = JSON.parse(readFileSync(serverFile, 'utf8')) as ServerRecord
  } catch (error) {
    // Cut short by a crash, it says as much as no file.
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
  const alive = Number.isInteger(record.pid) && startTicks(record.pid) === record.startTicks
  return alive ? record : undefined
}

/** Takes the directory for this process. Throws a ClusterError when another one has it. */
export function claimServer(directory: DataDirectory): {
  /** Says that it serves, and where. */
  ready(record: Pick<ServerRecord, 'url' | 'store' | 'startedAt'>): void
  release(): void
} {
  const { serverFile, path } = directory
  const own: ServerRecord = { pid: process.pid, startTicks: startTicks(process.pid) ?? '' }
  const other = runningServer(directory)
  if (other !== undefined) throw inUse(path, other.pid)
  rmSync(serverFile, { force: true })
  let file: number
  try {
    file = openSync(serverFile, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    throw inUse(path, runningServer(directory)?.pid)
  }
  try {
    writeSync(file, JSON.stringify(own))
  } finally {
    closeSync(file)
  }
  return {
    ready: (record) => writeWhole(serverFile, `${JSON.stringify({ ...own, ...record })}\n`),
    release: () => rmSync(serverFile, { force: true }),
  }
}

function inUse(path: string, pid: number | undefined): ClusterError {
  const who = pid === undefined ? 'another process' : `another k8ts server (process ${pid})`
  return new ClusterError(`data directory ${path} is in use by ${who}: stop it, or name another`)
}

/** proc(5): field 22 of stat; the name in field 2 may hold anything, so count from its end. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
