import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FormerContext } from '#client'
import type { FabricNode } from '#network'
import { nodePaths, type NodePaths } from '../agent/node-paths.ts'
import { realDirectory, writeWhole } from '../data-directory.ts'
import { ClusterError, codeOf } from '../error.ts'
import type { PublishedPort } from '../published-port.ts'

/** What `up` has made, or was about to make when it was interrupted: what `down` removes. */
export interface UpRecord {
  /** Tells the machine's clusters apart in the names of links, rules and cgroups. */
  readonly id: string
  readonly nodes: number
  readonly nodeCidr: string
  readonly clusterCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  readonly apiPort: number
  readonly publish: readonly PublishedPort[]
  readonly isolated: boolean
  /** Of the kernel's run in which its network was made. */
  readonly bootId: string
  /** `up` made this machine forward packets. */
  readonly turnedForwardingOn: boolean
  /** The files that may have the context, and which one was the current one before. */
  readonly kubeconfig:
    | { readonly files: readonly [string, ...string[]]; readonly former: FormerContext | undefined }
    | undefined
}

const fileName = 'up.json'

/** Undefined where the directory is of no cluster that `up` made. */
export function readUpRecord(dataDir: string): UpRecord | undefined {
  const path = join(dataDir, fileName)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as UpRecord
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return undefined
    throw new ClusterError(
      `${path}, which says what is to be removed, cannot be read: put it right, or reboot and remove ${dataDir}`,
      { cause },
    )
  }
}

export function writeUpRecord(dataDir: string, record: UpRecord): void {
  writeWhole(join(dataDir, fileName), `${JSON.stringify(record, undefined, 2)}\n`)
}

/** Of the kernel's present run. */
export async function currentBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/** The same for a directory each time, and another one for another directory. */
export function clusterId(dataDir: string): string {
  return createHash('sha256').update(realDirectory(dataDir)).digest('hex').slice(0, 6)
}

/** One node of a cluster that `up` made. */
export interface UpNode extends FabricNode, NodePaths {
  readonly name: string
  readonly directory: string
  readonly cgroupRoot: string
  readonly log: string
}

export function upNodes(dataDir: string, { id, nodes }: Pick<UpRecord, 'id' | 'nodes'>): UpNode[] {
  const root = realDirectory(dataDir)
  return Array.from({ length: nodes }, (_, i) => {
    const name = `node-${i + 1}`
    const directory = join(root, 'nodes', name)
    return {
      ...nodePaths(directory),
      number: i + 1,
      name,
      directory,
      namespace: join(root, 'nodes', `${name}.net`),
      cgroupRoot: `/k8ts-${id}-${name}`,
      log: join(root, 'logs', `${name}.log`),
    }
  })
}

/** Held by the `up` that works on a data directory. */
export function upLock(dataDir: string): string {
  return join(realDirectory(dataDir), 'up.lock')
}

export function serverLog(dataDir: string): string {
  return join(realDirectory(dataDir), 'logs', 'server.log')
}
