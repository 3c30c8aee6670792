import type { Exec } from './exec.ts'
import { inNetworkNamespace } from './namespaces.ts'

/** Links and addresses of a network namespace, through iproute2. Errors are LinuxErrors. */
export interface Ip {
  /** Names of all links. */
  links(): Promise<string[]>
  up(link: string): Promise<void>
  deleteLink(link: string): Promise<void>
  addAddress(link: string, prefix: string): Promise<void>
  /** Routes as `ip route add` takes them, such as blackhole 10.42.0.0/16. */
  addRoute(...route: readonly string[]): Promise<void>
}

/** In the namespace at this path, or in the process' own. */
export function ipIn(exec: Exec, namespace?: string): Ip {
  const ip = async (...args: readonly string[]) => {
    const line = inNetworkNamespace(namespace, { command: 'ip', args })
    return (await exec.run(line.command, line.args)).stdout
  }
  return {
    async links() {
      return parseLinks(await ip('-o', 'link', 'show'))
    },
    async up(link) {
      await ip('link', 'set', 'dev', link, 'up')
    },
    async deleteLink(link) {
      await ip('link', 'delete', 'dev', link)
    },
    async addAddress(link, prefix) {
      await ip('address', 'replace', prefix, 'dev', link)
    },
    async addRoute(...route) {
      await ip('route', 'replace', ...route)
    },
  }
}

/** `2: eth0@if7: <BROADCAST…>` is a line of `ip -o link`. */
function parseLinks(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\d+: ([^:@\s]+)/.exec(line)?.[1])
    .filter((name) => name !== undefined)
}
