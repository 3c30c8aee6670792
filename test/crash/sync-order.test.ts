import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Line } from './record.ts'

/**
 * kill -9 does not take the page cache away, so crash rounds cannot show that a write was synced.
 * This one looks at the system calls: between the write of a value's bytes to the log and the first
 * byte of its acknowledgement, and of its watch event, there is a finished sync of the log.
 */
test('the log is synced before anybody hears of a write', { timeout: 120_000 }, (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-strace-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const trace = join(dir, 'trace')
  const child = `${import.meta.dirname}/child.ts`
  const calls = 'trace=write,pwrite64,fsync,fdatasync'
  const node = [process.execPath, '--conditions=source', child, join(dir, 'data'), '4', '15']
  const run = spawnSync(
    'strace',
    ['-f', '-y', '-s', '1000000', '-e', calls, '-o', trace, ...node],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  )
  assert.equal(run.status, 0, run.stderr)
  const lines = run.stdout.trimEnd().split('\n')
  const said = lines
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.type === 'acknowledged')
  assert.ok(said.length > 20, 'there were acknowledged writes')
  const seen = readTrace(readFileSync(trace, 'utf8'))
  for (const { changes } of said) {
    for (const [type, , uid] of changes) {
      if (type === 'put') seen.check(uid)
    }
  }
})

function readTrace(text: string): { check(uid: string): void } {
  const logged = new Map<string, number>()
  const heard = new Map<string, number>()
  const syncs: number[] = []
  const syncing = new Set<string>()
  const uids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
  for (const [at, line] of text.split('\n').entries()) {
    const thread = line.slice(0, line.indexOf(' '))
    const isSync = /\bf(data)?sync\b/.test(line)
    if (isSync && line.includes('store.db-wal') && line.includes('<unfinished')) {
      syncing.add(thread)
    } else if (isSync && line.includes('= 0')) {
      const isResumed = line.includes('resumed')
      if (isResumed ? syncing.delete(thread) : line.includes('store.db-wal')) syncs.push(at)
    } else if (line.includes('pwrite64(') && line.includes('store.db-wal')) {
      for (const [uid] of line.matchAll(uids)) logged.set(uid, logged.get(uid) ?? at)
    } else if (/\bwrite\(1</.test(line)) {
      for (const [uid] of line.matchAll(uids)) heard.set(uid, heard.get(uid) ?? at)
    }
  }
  return {
    check(uid) {
      const written = logged.get(uid)
      const told = heard.get(uid)
      assert.ok(written !== undefined, `the bytes of ${uid} went to the log`)
      assert.ok(told !== undefined, `${uid} was told`)
      assert.ok(
        syncs.some((sync) => sync > written && sync < told),
        `${uid} was synced before it was told (${written}, ${told})`,
      )
    },
  }
}
