import { readFile } from 'node:fs/promises'
import type { Exec } from './exec.ts'

export interface Mount {
  readonly target: string
  readonly type: string
  readonly source: string
  /** Of the superblock: for cgroup v1 the controllers. */
  readonly options: readonly string[]
}

/** The mounts of this process' mount namespace. Errors are LinuxErrors. */
export interface Mounts {
  list(): Promise<readonly Mount[]>
  mountTmpfs(target: string, options?: { readonly sizeBytes?: number }): Promise<void>
  /** What is busy is detached and goes when it is no longer used. */
  unmount(target: string): Promise<void>
}

export function realMounts(exec: Exec): Mounts {
  return {
    async list() {
      return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
    },
    async mountTmpfs(target, { sizeBytes } = {}) {
      const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`]
      await exec.run('mount', ['-t', 'tmpfs', ...size, 'tmpfs', target])
    },
    async unmount(target) {
      await exec.run('umount', ['--lazy', target])
    },
  }
}

/** Unmounts all that is mounted at or below a directory, the innermost first. */
export async function unmountBelow(mounts: Mounts, directory: string): Promise<void> {
  const targets = (await mounts.list())
    .map(({ target }) => target)
    .filter((target) => target === directory || target.startsWith(`${directory}/`))
  for (const target of targets.reverse()) {
    try {
      await mounts.unmount(target)
    } catch (error) {
      // Whoever made it may have been first.
      if ((await mounts.list()).some((mount) => mount.target === target)) throw error
    }
  }
}

/** Lines of /proc/[pid]/mountinfo; see proc(5). */
export function parseMountInfo(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [type = '', source = '', options = ''] = after.split(' ')
      return {
        target: unescaped(before.split(' ')[4] ?? ''),
        type,
        source: unescaped(source),
        options: options.split(','),
      }
    })
}

/** Blanks and such are written as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)))
}
