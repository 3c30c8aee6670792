import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { poll, realClock } from '#base'
import { realExec } from '#linux'
import { machineArchitecture, pauseImage } from './images.ts'
import { pauseProgram } from './pause-elf.ts'
import { tar } from './tar.ts'

test('the pause program waits, and ends when it is told to', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-pause-'))
  try {
    const file = join(directory, 'pause')
    await writeFile(file, pauseProgram(machineArchitecture()), { mode: 0o755 })
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const child = spawn(file)
      // It waits for signals: before, they would end it as any program.
      const isWaiting = async () =>
        (await readFile(`/proc/${child.pid}/stat`, 'utf8')).includes('(pause) S')
      const limits = { clock: realClock, intervalMs: 1, timeoutMs: 5_000, what: 'it to wait' }
      await poll(limits, isWaiting).catch((error: unknown) => {
        child.kill('SIGKILL')
        throw error
      })
      child.kill('SIGCHLD')
      child.kill(signal)
      assert.deepEqual(await once(child, 'exit'), [0, null])
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('the program of the other architecture is made of its instructions', () => {
  const program = pauseProgram('arm64')
  assert.equal(program.readUInt16LE(18), 0xb7)
  const words = Array.from({ length: (program.length - 120) / 4 }, (_, i) =>
    program.readUInt32LE(120 + 4 * i),
  )
  assert.equal(words.filter((word) => word === 0xd4000001).length, 4)
  // The last goes back to the wait, 23 instructions before it.
  assert.equal(words.at(-1), (0x14000000 | (-23 & 0x3ffffff)) >>> 0)
})

test('an archive is read by tar, and is the same every time', async () => {
  const entries = [
    { name: 'bin/' },
    { name: 'bin/tool', content: Buffer.from('x'.repeat(700)), mode: 0o755 },
    { name: 'bin/other', linkTo: 'tool' },
  ]
  const { stdout } = await realExec(realClock).run('tar', ['-tvf', '-'], { input: tar(entries) })
  assert.match(stdout, /^drwxr-xr-x root\/root +0 1970-01-01 00:00 bin\/$/m)
  assert.match(stdout, /^-rwxr-xr-x root\/root +700 .* bin\/tool$/m)
  assert.match(stdout, /bin\/other -> tool$/m)
  assert.deepEqual(pauseImage('amd64'), pauseImage('amd64'))
})
