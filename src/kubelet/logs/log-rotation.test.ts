import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { parseTime, silentLog, VirtualClock } from '#base'
import { rotateIfLarge } from './log-rotation.ts'

let directory = ''
let path = ''
const clock = new VirtualClock(parseTime('2026-03-01T10:00:00Z'))

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k8ts-rotation-'))
  path = join(directory, '0.log')
})

afterEach(() => rm(directory, { recursive: true }))

function rotate(reopen: () => Promise<void> = () => writeFile(path, '')): Promise<void> {
  const runtime = { reopenLog: reopen }
  const limits = { bytesMax: 5, filesMax: 3 }
  const options = { clock, log: silentLog, runtime, limits, running: () => [] }
  return rotateIfLarge(options, { containerId: 'main', path })
}

test('a log that has grown is rotated, the older are compressed and the oldest go', async () => {
  await writeFile(path, 'four')
  await rotate()
  assert.deepEqual(await readdir(directory), ['0.log'], 'it is small yet')
  for (const words of ['first', 'second', 'third', 'fourth']) {
    await writeFile(path, words)
    await rotate()
    await clock.advance(60_000)
  }
  assert.deepEqual((await readdir(directory)).sort(), [
    '0.log',
    '0.log.20260301-100200.gz',
    '0.log.20260301-100300',
  ])
  const compressed = await readFile(join(directory, '0.log.20260301-100200.gz'))
  assert.equal(gunzipSync(compressed).toString(), 'third')
  assert.equal(await readFile(join(directory, '0.log.20260301-100300'), 'utf8'), 'fourth')
})

test('where the runtime does not open a new log, the old one stays', async () => {
  await writeFile(path, 'enough')
  const failing = rotate(() => Promise.reject(new Error('no')))
  await assert.rejects(failing, { message: 'no' })
  assert.deepEqual(await readdir(directory), ['0.log'])
})

test('a log that is not there is opened anew', async () => {
  await rotate()
  assert.deepEqual(await readdir(directory), ['0.log'])
})
