import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { realClock } from '#base'
import { loadUp } from '#cluster'
import { destroyRemains } from '#kubelet'
import { findProcesses, realCgroups, realExec, realMounts, signalProcess } from '#linux'
import { leftovers } from '../node/leftovers.ts'

/**
 * Runs the tests of a file in a network namespace of their own: what it calls this machine has
 * no link to anywhere. Then looks at what they have left, removes it, and fails for it.
 */
export async function runIsolated(scenario: string, timeoutMs: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-up-'))
  const { status, signal } = spawnSync(
    'unshare',
    ['--net', '--', process.execPath, ...process.execArgv, resolve(import.meta.dirname, scenario)],
    {
      stdio: 'inherit',
      timeout: timeoutMs,
      env: { ...process.env, K8TS_TEST_DIRECTORY: directory },
    },
  )
  const left = await remainsOf(directory)
  if (existsSync(directory)) await removeAll(directory)
  process.exitCode = status ?? 1
  if (signal !== null) throw new Error(`${basename(scenario)} was ended: ${signal}`)
  if (left.length > 0) throw new Error(`left on the machine: ${left.join(', ')}`)
}

async function remainsOf(directory: string): Promise<string[]> {
  const { clusterId } = await loadUp()
  const mounts = realMounts(realExec(realClock))
  const all = await leftovers({ directory, cgroupRoot: 'none', mounts })
  const ids = ['cluster', 'other'].map((name) => clusterId(join(directory, name)))
  const hierarchies = (await mounts.list()).filter(({ type }) => type.startsWith('cgroup'))
  const groups = hierarchies.flatMap(({ target }) =>
    readdirSync(target)
      .filter((name) => ids.some((id) => name.startsWith(`k8ts-${id}-`)))
      .map((name) => `cgroup ${join(target, name)}`),
  )
  return [...all, ...groups]
}

/** After a scenario that broke off. */
async function removeAll(directory: string): Promise<void> {
  const { clusterId, down } = await loadUp()
  // Nothing else of this machine has to do with the directory.
  for (const pid of await findProcesses((words) => words.some((w) => w.includes(directory)))) {
    signalProcess(pid, 'SIGKILL')
  }
  const mounts = realMounts(realExec(realClock))
  const cgroups = realCgroups(await mounts.list())
  for (const name of ['cluster', 'other']) {
    const dataDir = join(directory, name)
    await down({ clock: realClock, dataDir, progress: () => {} }).catch(() => false)
  }
  const remains = { mounts, cgroups, clock: realClock }
  for (const machine of ['a', 'b', 'c']) {
    const cgroupRoot = `/k8ts-${clusterId(join(directory, 'cluster'))}-${machine}`
    const place = join(directory, machine, 'containerd')
    await destroyRemains({ ...remains, directory: place, cgroupRoot })
  }
  await destroyRemains({ ...remains, directory, cgroupRoot: '/k8ts-test-none' })
  rmSync(directory, { recursive: true, force: true })
}
