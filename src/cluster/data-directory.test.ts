import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { defaultDataDirectory, openDataDirectory, realDirectory } from './data-directory.ts'
import { claimServer, runningServer } from './process-file.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-data-'))
})
afterEach(() => {
  chmodSync(dir, 0o700)
  rmSync(dir, { recursive: true })
})

describe('the data directory', () => {
  it('is made for its owner alone, and found again', () => {
    const path = join(dir, 'a', 'b')
    const made = openDataDirectory(path)
    assert.equal(statSync(path).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(path), ['cluster.json'])
    mkdirSync(made.pki)
    openDataDirectory(path).abandon()
    assert.deepEqual(readdirSync(path).sort(), ['cluster.json', 'pki'])
  })

  it('is one place, whichever link leads there, and before it is made, too', () => {
    const real = join(realpathSync(dir), 'the place')
    symlinkSync('the place', join(dir, 'link'))
    symlinkSync('link', join(dir, 'link to link'))
    for (const name of ['the place', 'link', 'link to link']) {
      assert.equal(realDirectory(join(dir, name)), real)
      assert.equal(realDirectory(join(dir, name, 'a', 'b')), join(real, 'a', 'b'))
    }
    assert.equal(openDataDirectory(join(dir, 'link to link')).path, real)
    assert.equal(realDirectory(join(dir, 'link', '..', 'x')), join(real, '..', 'x'))
    symlinkSync('round', join(dir, 'round'))
    assert.equal(realDirectory(join(dir, 'round')), join(dir, 'round'))
  })

  it('leaves nothing after a first start that failed', () => {
    const path = join(dir, 'a', 'b')
    const made = openDataDirectory(path)
    mkdirSync(made.pki)
    made.abandon()
    assert.deepEqual(readdirSync(dir), [])
    // What was there before stays.
    openDataDirectory(dir).abandon()
    assert.deepEqual(readdirSync(dir), [])
  })

  it('is left alone when it holds something else', () => {
    writeFileSync(join(dir, 'photo.jpg'), '')
    assert.throws(
      () => openDataDirectory(dir),
      /holds something else \(photo\.jpg\): name an empty/,
    )
    assert.deepEqual(readdirSync(dir), ['photo.jpg'])
  })

  for (const [content, message] of [
    ['{"kind":"k8ts cluster","format":2}', /was written by a newer k8ts/],
    ['{"kind":"other","format":1}', /is not one of k8ts/],
    ['{"kind":', /is damaged: cluster\.json is no JSON/],
  ] as const) {
    it(`is refused with the mark ${content}`, () => {
      writeFileSync(join(dir, 'cluster.json'), content)
      assert.throws(() => openDataDirectory(dir), message)
    })
  }

  it('has a place for root and one for users', () => {
    assert.equal(defaultDataDirectory({ HOME: '/h' }, true), '/var/lib/k8ts')
    assert.equal(defaultDataDirectory({ HOME: '/h' }, false), '/h/.local/share/k8ts')
    assert.equal(defaultDataDirectory({ XDG_DATA_HOME: '/x' }, false), '/x/k8ts')
  })
})

describe('the claim on a directory', () => {
  it('is held by one process at a time', () => {
    const directory = openDataDirectory(dir)
    assert.equal(runningServer(directory), undefined)
    const claim = claimServer(directory)
    assert.throws(() => claimServer(directory), /in use by another k8ts server \(process \d+\)/)
    claim.ready({ url: 'https://x', store: 'memory', startedAt: 'now' })
    assert.equal(runningServer(directory)?.url, 'https://x')
    claim.release()
    assert.equal(runningServer(directory), undefined)
    claimServer(directory).release()
  })

  it('of a process that was killed is over', () => {
    const directory = openDataDirectory(dir)
    for (const content of [
      JSON.stringify({ pid: process.pid, startTicks: '1' }),
      JSON.stringify({ pid: 2 ** 30, startTicks: '1' }),
      '{"pid":',
      '',
    ]) {
      writeFileSync(directory.serverFile, content)
      assert.equal(runningServer(directory), undefined)
      claimServer(directory).release()
    }
  })
})
