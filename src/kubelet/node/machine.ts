import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, hostname, release, totalmem } from 'node:os'
import { parseResolvConf } from '../pods/sandbox-config.ts'
import type { DnsConfig } from '../runtime/config.ts'

/** What a node reports of the machine it is on. */
export interface Machine {
  readonly hostname: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly kernel: string
  readonly osImage: string
  readonly architecture: string
  /** How the node itself looks up names. */
  readonly dns: DnsConfig
}

/** Reads the machine; the disk is the one that holds `directory`. */
export async function readMachine(directory: string, resolvConf: string): Promise<Machine> {
  const { blocks, bsize } = await statfs(directory)
  return {
    hostname: hostname(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskBytes: blocks * bsize,
    machineId: await textOf('/etc/machine-id'),
    systemUuid: await textOf('/sys/class/dmi/id/product_uuid'),
    bootId: await textOf('/proc/sys/kernel/random/boot_id'),
    kernel: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(await textOf('/etc/os-release'))?.[1] ?? 'Linux',
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    dns: parseResolvConf(await textOf(resolvConf)),
  }
}

/** Empty where the machine does not have it. */
async function textOf(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim()
}
