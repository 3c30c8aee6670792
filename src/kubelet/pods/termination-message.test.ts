import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { annotations } from '../runtime/config.ts'
import { endedContainer } from '../testing/objects.ts'
import { terminationMessage } from './termination-message.ts'

test('a container that ended leaves its file, or the end of its log where it failed', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-message-'))
  t.after(() => rm(directory, { recursive: true }))
  const [file, logPath] = [join(directory, 'file'), join(directory, 'log')]
  const time = '2026-01-01T00:00:00.000000000Z'
  await writeFile(logPath, `${time} stdout F one\n${time} stderr P tw\n${time} stderr P o\n`)
  const messageOf = (exitCode: number, policy: string) =>
    terminationMessage(
      endedContainer('main', exitCode, {
        logPath,
        annotations: { [annotations.terminationMessagePolicy]: policy },
      }),
      file,
    )
  assert.equal(await messageOf(1, 'File'), '')
  assert.equal(await messageOf(0, 'FallbackToLogsOnError'), '')
  assert.equal(await messageOf(1, 'FallbackToLogsOnError'), 'one\ntwo')
  await writeFile(logPath, `${time} stdout F line\n`.repeat(100))
  assert.equal(await messageOf(1, 'FallbackToLogsOnError'), 'line\n'.repeat(80))
  await writeFile(file, 'said')
  assert.equal(await messageOf(1, 'FallbackToLogsOnError'), 'said')
  assert.equal(await messageOf(0, 'File'), 'said')
})
