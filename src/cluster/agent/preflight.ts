import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { ClusterError } from '../error.ts'

/** Programs that a node runs, and the Debian packages that have them. */
const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  'containerd-shim-runc-v2': 'containerd',
  runc: 'runc',
  nft: 'nftables',
  ip: 'iproute2',
  bridge: 'iproute2',
  iptables: 'iptables',
  nsenter: 'util-linux',
  mount: 'mount',
}
const plugins = ['host-local', 'loopback', 'portmap', 'ptp']
const pluginPackage = 'containernetworking-plugins'
const pluginDirectory = '/usr/lib/cni'

export interface MachineFacts {
  readonly isRoot: boolean
  /** Names of programs and of CNI plugins that are not there. */
  readonly missingPrograms: readonly string[]
  readonly missingPlugins: readonly string[]
  /** Of /proc/filesystems. */
  readonly fileSystems: readonly string[]
  readonly cgroups: boolean
}

/** Throws a ClusterError for the first thing that a node needs and this machine does not have. */
export function checkMachine(facts: MachineFacts): void {
  const problem = problemOf(facts)
  if (problem !== undefined) throw new ClusterError(problem)
}

export function problemOf(facts: MachineFacts): string | undefined {
  const { isRoot, missingPrograms, missingPlugins, fileSystems, cgroups } = facts
  if (!isRoot) return 'nodes need root: run this with sudo'
  const packages = new Set(missingPrograms.map((name) => programs[name] ?? name))
  if (missingPlugins.length > 0) packages.add(pluginPackage)
  if (packages.size > 0) {
    const named = [...missingPrograms, ...missingPlugins.map((name) => `CNI plugin ${name}`)]
    const command = `apt-get install ${[...packages].join(' ')}`
    return `this machine lacks what nodes run: ${named.join(', ')}; on Debian: ${command}`
  }
  if (!fileSystems.includes('overlay')) {
    return 'the kernel has no overlayfs, which containers need: load the module overlay'
  }
  if (!cgroups) return 'no cgroup file system is mounted: mount one at /sys/fs/cgroup'
  return undefined
}

/** Throws a ClusterError for a directory that the file systems of containers cannot be put below. */
export function checkNodeDirectory(directory: string): void {
  const [bad] = /[,:\\]/.exec(directory) ?? []
  if (bad === undefined) return
  throw new ClusterError(
    `overlayfs takes no path with "${bad}" in it: keep nodes elsewhere than in ${directory}`,
  )
}

/** Looks, and changes nothing. */
export async function machineFacts(
  isRoot: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Promise<MachineFacts> {
  const directories = (env['PATH'] ?? '').split(delimiter)
  const has = (name: string, where: readonly string[]) =>
    Promise.any(where.map((directory) => access(join(directory, name), constants.X_OK))).then(
      () => true,
      () => false,
    )
  const missing = async (names: readonly string[], where: readonly string[]) => {
    const found = await Promise.all(names.map((name) => has(name, where)))
    return names.filter((_, i) => found[i] !== true)
  }
  const fileSystems = await readFile('/proc/filesystems', 'utf8')
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  return {
    isRoot,
    missingPrograms: await missing(Object.keys(programs), directories),
    missingPlugins: await missing(plugins, [pluginDirectory]),
    fileSystems: fileSystems.split('\n').map((line) => line.split('\t')[1] ?? ''),
    cgroups: /^\S+ \S+ cgroup2? /m.test(mounts),
  }
}
