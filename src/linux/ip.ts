import type { Exec } from './exec.ts'
import { inNetworkNamespace } from './namespaces.ts'

/** Links, addresses and routes of a network namespace, through iproute2. Errors are LinuxErrors. */
export interface Ip {
  /** Names of all links. */
  links(): Promise<string[]>
  up(link: string): Promise<void>
  deleteLink(link: string): Promise<void>
  addAddress(link: string, prefix: string): Promise<void>
  /** One that the link does not have is no error. */
  removeAddress(link: string, prefix: string): Promise<void>
  /** Prefixes that a link or a route of this namespace has, such as 192.0.2.0/24; no default route. */
  usedPrefixes(): Promise<UsedPrefix[]>
  /** Destinations of the IPv4 and IPv6 routes with this protocol number, and where they lead. */
  routes(protocol: number): Promise<Route[]>
  /** Everything that `ip` shows of a link, on one line; undefined where it is not there. */
  describeLink(link: string): Promise<string | undefined>
  /** Entries of links' forwarding tables, one line a change, as `bridge -batch` takes them. */
  bridgeBatch(lines: readonly string[]): Promise<void>
  /** One line a change, as `ip -batch` takes them: all of them, or an error that has the first bad one. */
  batch(lines: readonly string[]): Promise<void>
}

export interface UsedPrefix {
  readonly prefix: string
  readonly link: string
  /** The machine by which it is reached; undefined where it is on the link itself, or nowhere. */
  readonly via: string | undefined
}

export interface Route {
  readonly destination: string
  /** Undefined for one that leads to no other machine. */
  readonly via: string | undefined
}

/** In the namespace at this path, or in the process' own. */
export function ipIn(exec: Exec, namespace?: string): Ip {
  const run = async (args: readonly string[], input?: string) => {
    const line = inNetworkNamespace(namespace, { command: 'ip', args })
    return (await exec.run(line.command, line.args, input === undefined ? {} : { input })).stdout
  }
  const ip = (...args: readonly string[]) => run(args)
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
    async removeAddress(link, prefix) {
      const [address = ''] = prefix.split('/')
      const listed = await ip('-o', 'address', 'show', 'dev', link, 'to', address)
      if (listed.trim() !== '') await ip('address', 'delete', prefix, 'dev', link)
    },
    async usedPrefixes() {
      const routes = await Promise.all([ip('-4', 'route', 'show'), ip('-6', 'route', 'show')])
      return routes.flatMap(parseRoutes).map(({ destination, link, via }) => ({
        prefix: destination,
        link,
        via,
      }))
    },
    async routes(protocol) {
      const all = await Promise.all(
        ['-4', '-6'].map((family) => ip(family, 'route', 'show', 'protocol', String(protocol))),
      )
      return all.flatMap(parseRoutes).map(({ destination, via }) => ({ destination, via }))
    },
    async describeLink(link) {
      if (!(await this.links()).includes(link)) return undefined
      return ip('-details', '-oneline', 'link', 'show', 'dev', link)
    },
    async bridgeBatch(lines) {
      if (lines.length === 0) return
      const line = inNetworkNamespace(namespace, { command: 'bridge', args: ['-batch', '-'] })
      await exec.run(line.command, line.args, { input: `${lines.join('\n')}\n` })
    },
    async batch(lines) {
      if (lines.length > 0) await run(['-batch', '-'], `${lines.join('\n')}\n`)
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

const kinds = /^(?:unreachable|blackhole|prohibit|unicast) /

/** `10.42.1.0/24 via 100.64.10.12 dev eth0 proto 86`; a single address stands without its length. */
export function parseRoutes(
  text: string,
): { readonly destination: string; readonly via: string | undefined; readonly link: string }[] {
  return text
    .split('\n')
    .map((line) => line.trim().replace(kinds, ''))
    .filter((line) => line !== '' && !line.startsWith('default'))
    .map((line) => {
      const [first = ''] = line.split(' ')
      const length = first.includes(':') ? 128 : 32
      return {
        destination: first.includes('/') ? first : `${first}/${length}`,
        via: / via (\S+)/.exec(line)?.[1],
        link: / dev (\S+)/.exec(line)?.[1] ?? '',
      }
    })
}
