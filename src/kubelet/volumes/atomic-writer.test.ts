import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { seededRandom, VirtualClock } from '#base'
import { writeAtomically, type Payload } from './atomic-writer.ts'

let directory = ''
const services = { clock: new VirtualClock(), random: seededRandom(1) }
const payload = (files: Readonly<Record<string, string>>): Payload =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      { content: Buffer.from(text), mode: 0o640 },
    ]),
  )

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k8ts-volume-'))
})
after(() => rm(directory, { recursive: true }))

test('files change together and are links through ..data', async () => {
  assert.equal(await writeAtomically(directory, payload({ a: '1', 'deep/b': '2' }), services), true)
  assert.equal(await readFile(join(directory, 'a'), 'utf8'), '1')
  assert.equal(await readFile(join(directory, 'deep/b'), 'utf8'), '2')
  assert.equal(await readlink(join(directory, 'a')), '..data/a')
  assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o640)

  const first = await readlink(join(directory, '..data'))
  assert.equal(
    await writeAtomically(directory, payload({ a: '1', 'deep/b': '2' }), services),
    false,
  )
  assert.equal(await readlink(join(directory, '..data')), first)

  assert.equal(await writeAtomically(directory, payload({ a: '3', c: '4' }), services), true)
  assert.equal(await readFile(join(directory, 'a'), 'utf8'), '3')
  const second = await readlink(join(directory, '..data'))
  assert.deepEqual((await readdir(directory)).sort(), ['..data', second, 'a', 'c'].sort())
})

test('a path that leads out is refused', async () => {
  await assert.rejects(writeAtomically(directory, payload({ '../x': '' }), services), {
    message: 'invalid path: ../x',
  })
})
