import { execFileSync } from 'node:child_process'
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface Kubectl {
  readonly path: string
  /** Of 1.x. */
  readonly minor: number
}

const root = resolve(import.meta.dirname, '..', '..')

/**
 * Every kubectl of this machine, one of each minor version: those on PATH, the versions that lie
 * beside them (`kubectl.1.31`), and Debian's 1.20 where the set-up has put it.
 */
export function findKubectls(): readonly Kubectl[] {
  const candidates = new Set<string>()
  for (const dir of (process.env['PATH'] ?? '').split(':')) {
    const path = realPathOf(join(dir, 'kubectl'))
    if (path === undefined) continue
    candidates.add(path)
    for (const name of readdirSync(dirname(path))) {
      if (/^kubectl\.1\.\d+$/.test(name)) candidates.add(join(dirname(path), name))
    }
  }
  const debian = realPathOf(join(root, '.tools/kubernetes-client/usr/bin/kubectl'))
  if (debian !== undefined) candidates.add(debian)
  const byMinor = new Map<number, Kubectl>()
  for (const path of candidates) {
    const minor = minorOf(path)
    if (minor !== undefined && !byMinor.has(minor)) byMinor.set(minor, { path, minor })
  }
  return [...byMinor.values()].sort((a, b) => a.minor - b.minor)
}

/** Undefined for a dispatcher, which only picks one of its siblings. */
function minorOf(path: string): number | undefined {
  const text = execFileSync(path, ['version', '--client', '--output=json'], { encoding: 'utf8' })
  const { clientVersion } = JSON.parse(text) as {
    clientVersion: { gitVersion: string; minor: string }
  }
  if (clientVersion.gitVersion.includes('dispatcher')) return undefined
  return Number.parseInt(clientVersion.minor, 10)
}

function realPathOf(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK)
    return realpathSync(path)
  } catch {
    return undefined
  }
}
