import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

function runNode(...args: readonly string[]) {
  return run(process.execPath, ['--conditions=source', ...args], { timeout: 300_000 })
}

const script = (name: string) => fileURLToPath(new URL(`clusters/${name}.ts`, import.meta.url))

describe('clusters of tests', () => {
  it('that were forgotten are told of when the process ends, with the line that started them', async () => {
    const { stderr } = await runNode(script('forget'))
    const [line, ...more] = stderr.trimEnd().split('\n')
    assert.match(
      line ?? '',
      /^k8ts: a cluster was started at .*forget\.ts:5:\d+\)? and never disposed of: use `await using/,
    )
    assert.deepEqual(more, [])
  })

  it('leave memory where it was, however many there were', async () => {
    const { stdout } = await runNode('--expose-gc', script('many'), '250')
    // Each holds an object of this size, to begin with.
    assert.ok(Number(stdout) < 10_000, `each cluster leaves ${stdout.trim()} bytes behind`)
  })
})
