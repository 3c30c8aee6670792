import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { asError, type Clock } from '#base'
import { endProcesses } from '#linux'
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
  return runningProcess(serverFile)
}

/** The process that has claimed something by this file, while it lives. */
export function runningProcess(file: string): ServerRecord | undefined {
  let record: ServerRecord
  try {
    record = JSON.parse(readFileSync(file, 'utf8')) as ServerRecord
  } catch (error) {
    // Cut short by a crash, it says as much as no file.
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
  const alive = Number.isInteger(record.pid) && startTicks(record.pid) === record.startTicks
  return alive ? record : undefined
}

/** Takes the directory for this process. Throws a ClusterError when another one has it. */
export function claimServer({ serverFile, path }: DataDirectory): ProcessClaim {
  return claimProcess(serverFile, (pid) => {
    const who = pid === undefined ? 'another process' : `another k8ts server (process ${pid})`
    const message = `data directory ${path} is in use by ${who}: stop it, or name another`
    return new ClusterError(message)
  })
}

export interface ProcessClaim {
  /** Says that it serves, and where. */
  ready(record: Pick<ServerRecord, 'url' | 'store' | 'startedAt'>): void
  release(): void
}

/** Claims something for this process by a file; throws what `inUse` makes when another one has it. */
export function claimProcess(
  file: string,
  inUse: (pid: number | undefined) => ClusterError,
): ProcessClaim {
  const own: ServerRecord = { pid: process.pid, startTicks: startTicks(process.pid) ?? '' }
  const other = runningProcess(file)
  if (other !== undefined) throw inUse(other.pid)
  rmSync(file, { force: true })
  let opened: number
  try {
    opened = openSync(file, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    throw inUse(runningProcess(file)?.pid)
  }
  try {
    writeSync(opened, JSON.stringify(own))
  } finally {
    closeSync(opened)
  }
  return {
    ready: (record) => writeWhole(file, `${JSON.stringify({ ...own, ...record })}\n`),
    release: () => rmSync(file, { force: true }),
  }
}

/** Ends the process that has claimed a file, and waits for it. False where none has. */
export async function endProcess(file: string, what: string, clock: Clock): Promise<boolean> {
  const record = runningProcess(file)
  if (record === undefined) return false
  const left = () => (runningProcess(file)?.pid === record.pid ? [record.pid] : [])
  try {
    return await endProcesses(left, what, clock)
  } catch (cause) {
    throw new ClusterError(asError(cause).message, { cause })
  }
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
