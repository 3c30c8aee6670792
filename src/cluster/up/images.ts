import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Clock, Log, Random } from '#base'
import {
  containerdAddress,
  CriRuntime,
  importImageFile,
  importImages,
  listImages,
  machineArchitecture,
  packImages,
  type ListedImage,
} from '#kubelet'
import { realExec } from '#linux'
import { nodeError } from '../agent/node-error.ts'
import { nodePaths } from '../agent/node-paths.ts'
import { realDirectory } from '../data-directory.ts'
import { ClusterError } from '../error.ts'
import { readUpRecord, upNodes } from './record.ts'

export interface ImageOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of a cluster that `up` made, or of an agent on this machine. */
  readonly dataDir: string
  /** Only this node; all where undefined. */
  readonly node: string | undefined
}

export interface NodeImages<T> {
  readonly node: string
  readonly images: readonly T[]
}

/** Loads an OCI or docker archive into the nodes of this machine; the names it has, by node. */
export async function importArchive(
  options: ImageOptions,
  file: string,
): Promise<NodeImages<string>[]> {
  const exec = realExec(options.clock)
  return onNodes(options, (address) => importImageFile(exec, address, file))
}

/** Packs the images that a YAML file defines, from this machine's busybox, and loads them likewise. */
export async function importPacked(
  options: ImageOptions,
  definitions: string,
): Promise<NodeImages<string>[]> {
  const exec = realExec(options.clock)
  const architecture = machineArchitecture()
  const packed = await told(() => packImages(definitions, { architecture, exec }))
  return onNodes(options, async (address) => {
    const names: string[] = []
    for (const { archive } of packed) names.push(...(await importImages(exec, address, archive)))
    return names
  })
}

export async function nodeImages(options: ImageOptions): Promise<NodeImages<ListedImage>[]> {
  return onNodes(options, async (address) => {
    using runtime = new CriRuntime({ ...options, address })
    return await listImages(runtime)
  })
}

/** One node after another: they share the machine's disk. */
async function onNodes<T>(
  options: ImageOptions,
  work: (containerdAddress: string) => Promise<readonly T[]>,
): Promise<NodeImages<T>[]> {
  const all: NodeImages<T>[] = []
  for (const { name, containerd } of nodesOf(options)) {
    const address = containerdAddress(containerd)
    if (!existsSync(address)) {
      throw new ClusterError(`containerd of ${name} does not run: k8ts up starts it again`)
    }
    all.push({ node: name, images: await told(() => work(address)) })
  }
  return all
}

function nodesOf({ dataDir, node }: ImageOptions): { name: string; containerd: string }[] {
  const directory = realDirectory(dataDir)
  const record = readUpRecord(directory)
  const { containerd, agentFile } = nodePaths(directory)
  const isAgent = existsSync(agentFile) || existsSync(containerd)
  if (record === undefined && !isAgent) {
    throw new ClusterError(`there is no cluster of k8ts up and no agent in ${dataDir}`)
  }
  const nodes =
    record === undefined ? [{ name: basename(directory), containerd }] : upNodes(directory, record)
  const chosen = nodes.filter(({ name }) => node === undefined || name === node)
  if (chosen.length > 0) return chosen
  const names = nodes.map(({ name }) => name).join(', ')
  throw new ClusterError(`there is no node ${node}: name one of ${names}`)
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw await nodeError(error)
  }
}
