import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Mounts } from '#linux'

/** What a node under test has left on the machine: processes, mounts, cgroups, files. */
export async function leftovers(options: {
  readonly directory: string
  readonly cgroupRoot: string
  readonly mounts: Mounts
}): Promise<string[]> {
  const { directory, cgroupRoot, mounts } = options
  const all = await mounts.list()
  const mounted = all
    .filter(({ target }) => target.startsWith(directory))
    .map(({ target }) => `mount ${target}`)
  const groups = all
    .filter(({ type }) => type === 'cgroup' || type === 'cgroup2')
    .map(({ target }) => join(target, cgroupRoot))
    .filter((path) => existsSync(path))
    .map((path) => `cgroup ${path}`)
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => belongsTo(name, directory, cgroupRoot))
    .map((name) => `process ${name}`)
  const files = existsSync(directory) ? [`directory ${directory}`] : []
  return [...processes, ...mounted, ...groups, ...files]
}

function belongsTo(pid: string, directory: string, cgroupRoot: string): boolean {
  const read = (file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return ''
    }
  }
  const cwd = () => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`)
    } catch {
      return ''
    }
  }
  return (
    read('cmdline').includes(directory) ||
    read('cgroup').includes(`:${cgroupRoot}/`) ||
    cwd().startsWith(directory)
  )
}
