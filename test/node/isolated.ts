import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realClock } from '#base'
import { destroyRemains } from '#kubelet'
import { realCgroups, realExec, realMounts } from '#linux'
import { leftovers } from './leftovers.ts'

/**
 * Runs a file of tests in a network namespace of its own, that has no way out and ends with its last
 * process; then looks at what it has left on the machine, and takes it away.
 */
export async function runIsolated(scenario: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-node-'))
  const cgroupRoot = `/${directory.slice(directory.lastIndexOf('/') + 1)}`
  const { status } = spawnSync(
    'unshare',
    ['--net', '--', process.execPath, ...process.execArgv, scenario],
    {
      stdio: 'inherit',
      timeout: 180_000,
      env: { ...process.env, K8TS_TEST_DIRECTORY: directory, K8TS_TEST_CGROUP: cgroupRoot },
    },
  )
  const mounts = realMounts(realExec(realClock))
  const cgroups = realCgroups(await mounts.list())
  const left = await leftovers({ directory, cgroupRoot, mounts })
  const remains = { cgroupRoot, mounts, cgroups, clock: realClock }
  await destroyRemains({ ...remains, directory: join(directory, 'containerd') })
  // What pods had mounted, and the directory itself.
  await destroyRemains({ ...remains, directory })
  process.exitCode = status ?? 1
  assert.deepEqual(left, [], 'the node left something on the machine')
}
