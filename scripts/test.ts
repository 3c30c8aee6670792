import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'

/**
 * Runs the static checks, then all tests, and prints what failed and one last line:
 * `N passed, N failed`. With arguments: only the test files they name. In CI a test that is skipped
 * has failed: what it needs, the set-up installs.
 */
const only = process.argv.slice(2)
const inCi = process.env['CI'] === 'true'
const totals = { passed: 0, failed: 0 }

function count(ok: boolean): void {
  if (ok) totals.passed++
  else totals.failed++
}

function check(name: string, command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(`node_modules/.bin/${command}`, args, {
    encoding: 'utf8',
  })
  count(status === 0)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  if (status !== 0) console.log(`${stdout}${stderr}`.trimEnd())
}

if (only.length === 0) {
  check('types', 'tsc', ['--noEmit'])
  check('lint', 'oxlint', ['--type-aware', '--deny-warnings'])
  check('format', 'oxfmt', ['--check'])
  check('unused code and dependencies', 'knip', [])
}

// Those that take longest first, so that none of them is left running alone.
const patterns = ['test/up/*.test.ts', 'test/**/*.test.ts', 'src/**/*.test.ts']
const all = () => [...new Set(patterns.flatMap((pattern) => globSync(pattern).sort()))]
const files = only.length > 0 ? only : all()
const perFile = new Map<string, { passed: number; failed: number }>()

const stream = run({
  files,
  // One more than there are cores: tests of real nodes mostly wait.
  concurrency: availableParallelism() + 1,
  execArgv: ['--conditions=source'],
})
stream.on('test:pass', (data) => {
  // A suite is the sum of its tests.
  if (data.details.type !== 'suite') record(data, true)
})
stream.on('test:fail', (data) => {
  if (!failedBySubtests(data.details.error)) record(data, false, data.details.error)
})
stream.on('test:stderr', ({ message }) => process.stderr.write(message))
stream.resume()
await finished(stream)

for (const [file, { passed, failed }] of [...perFile].sort(([a], [b]) => (a < b ? -1 : 1))) {
  console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${file} (${passed} passed, ${failed} failed)`)
}
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1

interface Finished {
  readonly name: string
  readonly file?: string | undefined
  readonly skip?: string | boolean | undefined
  readonly todo?: string | boolean | undefined
}

function record(data: Finished, passed: boolean, error?: Error): void {
  const skipped = data.skip !== undefined || data.todo !== undefined
  if (skipped && !inCi) return
  const ok = passed && !skipped
  count(ok)
  const file = relative(process.cwd(), data.file ?? data.name)
  const sums = perFile.get(file) ?? { passed: 0, failed: 0 }
  if (ok) sums.passed++
  else sums.failed++
  perFile.set(file, sums)
  if (ok) return
  console.log(`FAIL ${file}: ${data.name}${skipped ? ' (skipped)' : ''}`)
  if (error !== undefined) console.log(describe(error))
}

function failedBySubtests(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed'
}

function describe(error: Error): string {
  const { cause } = error
  const shown = cause instanceof Error ? (cause.stack ?? cause.message) : error.message
  return shown.replace(/^/gm, '     ')
}
