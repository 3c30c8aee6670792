import type { CgroupUsage } from '../cgroup-usage.ts'
import type { CgroupLimits, Cgroups } from '../cgroups.ts'
import type { Exec } from '../exec.ts'
import type { Mount, Mounts } from '../mounts.ts'

/** Answers commands from a function and remembers them. */
export class FakeExec implements Exec {
  readonly calls: string[] = []
  readonly #answer: (called: string) => string

  constructor(answer: (called: string) => string = () => '') {
    this.#answer = answer
  }

  async run(command: string, args: readonly string[]) {
    const called = [command, ...args].join(' ')
    this.calls.push(called)
    return { stdout: this.#answer(called), stderr: '' }
  }
}

export class FakeMounts implements Mounts {
  readonly mounted: Mount[] = []

  async list() {
    return [...this.mounted]
  }

  async mountTmpfs(target: string) {
    this.mounted.push({ target, type: 'tmpfs', source: 'tmpfs', options: [] })
  }

  async unmount(target: string) {
    const at = this.mounted.findLastIndex((mount) => mount.target === target)
    if (at !== -1) this.mounted.splice(at, 1)
  }
}

export class FakeCgroups implements Cgroups {
  readonly version = 2
  readonly groups = new Map<string, CgroupLimits>()
  /** What groups use, by their paths. */
  readonly usages = new Map<string, CgroupUsage>()

  async ensure(path: string, limits: CgroupLimits) {
    this.groups.set(path, { ...this.groups.get(path), ...limits })
  }

  async processes() {
    return []
  }

  async usage(path: string) {
    return this.usages.get(path)
  }

  async remove(path: string) {
    for (const group of this.groups.keys()) {
      if (group === path || group.startsWith(`${path}/`)) this.groups.delete(group)
    }
  }
}
