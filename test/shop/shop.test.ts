import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realClock } from '#base'
import { destroyRemains } from '#kubelet'
import { realCgroups, realExec, realMounts } from '#linux'
import { leftovers } from '../node/leftovers.ts'

/*
 * The tests are in shop-scenario.ts. They run in a network namespace of their own, that has no way
 * out and ends with its last process; from here is looked at what they leave on the machine.
 */
const directory = mkdtempSync(join(tmpdir(), 'k8ts-shop-'))
const cgroupRoot = `/${directory.slice(directory.lastIndexOf('/') + 1)}`
const scenario = join(import.meta.dirname, 'shop-scenario.ts')

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
await destroyRemains({ ...remains, directory })
process.exitCode = status ?? 1
assert.deepEqual(left, [], 'the shop left something on the machine')
