import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { ClusterError, codeOf } from './error.ts'

/** Where a server keeps what must outlive it. Readable by its owner only. */
export interface DataDirectory {
  readonly path: string
  readonly pki: string
  /** Of the embedded store. */
  readonly store: string
  /** Says which process serves from here, while one does. */
  readonly serverFile: string
  /** A kubeconfig of the administrator. */
  readonly adminKubeconfig: string
  /** Takes commands of the machine's own tools, such as a snapshot. */
  readonly controlSocket: string
  /** After a first start that failed: leaves nothing of it. Does nothing to a directory in use. */
  abandon(): void
}

const formatVersion = 1
const markFile = 'cluster.json'
const entries = {
  pki: 'pki',
  store: 'store',
  serverFile: 'server.json',
  adminKubeconfig: 'admin.kubeconfig',
  controlSocket: 'control.sock',
} as const

export function defaultDataDirectory(
  env: Readonly<Record<string, string | undefined>>,
  isRoot: boolean,
): string {
  if (isRoot) return '/var/lib/k8ts'
  const shared = env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'share')
  return join(shared, 'k8ts')
}

/**
 * Where a directory is, or would be made, behind symbolic links: the kernel's list of mounts, and
 * the command lines of processes, know each place by one name.
 */
export function realDirectory(given: string): string {
  const path = resolve(given)
  try {
    return realpathSync(path)
  } catch (error) {
    // Whoever makes or reads it says what is wrong.
    if (codeOf(error) !== 'ENOENT') return path
  }
  const target = linkTarget(path)
  if (target !== undefined) return realDirectory(resolve(dirname(path), target))
  return join(realDirectory(dirname(path)), basename(path))
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** The paths of a directory, whether it is there or not. */
export function dataDirectoryAt(given: string): Omit<DataDirectory, 'abandon'> {
  const path = realDirectory(given)
  return {
    path,
    pki: join(path, entries.pki),
    store: join(path, entries.store),
    serverFile: join(path, entries.serverFile),
    adminKubeconfig: join(path, entries.adminKubeconfig),
    controlSocket: join(path, entries.controlSocket),
  }
}

/**
 * Makes the directory, or finds it as k8ts left it. One that holds something else, or that a newer
 * k8ts wrote, is left untouched: ClusterError.
 */
export function openDataDirectory(given: string): DataDirectory {
  const at = dataDirectoryAt(given)
  const { path } = at
  const made = mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = readMark(path)
  if (found !== undefined) {
    checkMark(path, found)
    return { ...at, abandon() {} }
  }
  const stranger = readdirSync(path).find((entry) => !harmless.test(entry))
  if (stranger !== undefined) {
    throw new ClusterError(
      `data directory ${path} holds something else (${stranger}): name an empty directory`,
    )
  }
  const abandon = () => {
    for (const entry of [...Object.values(entries), markFile]) {
      rmSync(join(path, entry), { recursive: true, force: true })
    }
    if (made !== undefined) rmSync(made, { recursive: true, force: true })
  }
  try {
    writeWhole(join(path, markFile), `${JSON.stringify({ kind: mark, format: formatVersion })}\n`)
  } catch (error) {
    abandon()
    throw error
  }
  return { ...at, abandon }
}

/** Writes a file beside its place and puts it there whole. Only its owner reads it. */
export function writeWhole(path: string, content: string): void {
  const beside = `${path}.new`
  const file = openSync(beside, 'w', 0o600)
  try {
    writeSync(file, content)
    fsyncSync(file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
}

const mark = 'k8ts cluster'
/** What a file system or an interrupted first start may leave. */
const harmless = /^(lost\+found|cluster\.json\.new)$/

function readMark(path: string): string | undefined {
  try {
    return readFileSync(join(path, markFile), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function checkMark(path: string, text: string): void {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (cause) {
    throw new ClusterError(
      `data directory ${path} is damaged: ${markFile} is no JSON; name another directory`,
      { cause },
    )
  }
  const { kind, format } = found as { kind?: unknown; format?: unknown }
  if (kind !== mark || typeof format !== 'number') {
    throw new ClusterError(`data directory ${path} is not one of k8ts: name another directory`)
  }
  if (format > formatVersion) {
    throw new ClusterError(
      `data directory ${path} was written by a newer k8ts: use that one, or name another directory`,
    )
  }
}
