import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/*
 * The tests are in proxy-scenario.ts. They run in a network namespace of their own, which is the node,
 * has no way out and ends with its last process: no rule of this machine is touched.
 */
const scenario = join(import.meta.dirname, 'proxy-scenario.ts')
const { status } = spawnSync(
  'unshare',
  ['--net', '--', process.execPath, ...process.execArgv, scenario],
  { stdio: 'inherit', timeout: 180_000 },
)
process.exitCode = status ?? 1
