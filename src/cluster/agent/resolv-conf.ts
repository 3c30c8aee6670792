import { readFile } from 'node:fs/promises'
import { parseResolvConf } from '#kubelet'

const file = '/etc/resolv.conf'
/** What systemd-resolved asks itself, where resolv.conf names only its stub on loopback. */
const behindStub = '/run/systemd/resolve/resolv.conf'

/** This machine's resolvers, as pods and nodes can use them. */
export interface MachineResolvers {
  /** In the form of resolv.conf(5). */
  readonly file: string
  /** Those on this machine's loopback, where only its own programs reach them. */
  readonly stubs: readonly string[]
}

export async function machineResolvers(
  read: (path: string) => Promise<string> = textOf,
): Promise<MachineResolvers> {
  const { servers } = parseResolvConf(await read(file))
  const stubs = servers.filter(isOnLoopback)
  if (stubs.length === 0) return { file, stubs }
  const hasBehind = parseResolvConf(await read(behindStub)).servers.length > 0
  return { file: hasBehind ? behindStub : file, stubs }
}

export function isOnLoopback(server: string): boolean {
  return server.startsWith('127.') || server === '::1'
}

/** Empty where there is none. */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
