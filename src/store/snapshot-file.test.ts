import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realClock, seededRandom, silentLog } from '#base'
import { openStore } from './open.ts'
import { restoreSnapshot, saveSnapshot, snapshotStatus } from './snapshot-file.ts'
import { ownText, rejects } from './testing/contract.ts'
import { startEtcd } from './testing/etcd-process.ts'

const services = { clock: realClock, log: silentLog, random: seededRandom(1) }

function temporaryDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-snapshot-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function filled() {
  const store = await openStore({ type: 'memory', ...services })
  const lease = await store.grantLease(600)
  for (let i = 0; i < 300; i++) {
    const value = new Uint8Array(i * 10).fill(i)
    const key = `/registry/\u{1f600}/${i % 100}`
    const ops = [{ type: 'put' as const, key, value, lease: i % 10 === 0 ? lease : undefined }]
    await store.txn({ compare: [], ops })
  }
  const ops = ['x', 'y', 'z'].map((key) => ({ type: 'put' as const, key, value: ownText(key) }))
  await store.txn({ compare: [], ops })
  return { store, lease }
}

test('a restored store is the one that was saved, and goes on from there', async (t) => {
  const dir = temporaryDir(t)
  const { store, lease } = await filled()
  const path = join(dir, 'snapshot')
  const saved = await saveSnapshot(store, path)
  const { records, revision } = await store.range({ start: '', end: '\0' })
  assert.deepEqual([saved.revision, saved.keys], [revision, records.length])
  assert.deepEqual(await snapshotStatus(path), saved)
  const dataDir = join(dir, 'restored')
  assert.deepEqual(await restoreSnapshot(path, dataDir, realClock), saved)
  await using restored = await openStore({ type: 'sqlite', dataDir, ...services })
  const found = await restored.range({ start: '', end: '\0' })
  assert.deepEqual(found.records, records)
  assert.equal(found.revision, revision)
  await rejects(restored.range({ start: '', end: '\0', revision: revision - 1 }), 'Compacted')
  await restored.renewLease(lease)
  const ops = [{ type: 'delete' as const, key: 'x' }]
  assert.equal((await restored.txn({ compare: [], ops })).revision, revision + 1)
  await restored.revokeLease(lease)
  assert.equal((await restored.range({ start: '', end: '\0' })).count, records.length - 11)
})

test('a snapshot of etcd restores into the embedded store', async (t) => {
  const dir = temporaryDir(t)
  const etcd = await startEtcd(dir)
  t.after(() => etcd.stop())
  await using store = await openStore({ type: 'etcd', endpoints: [etcd.endpoint], ...services })
  const lease = await store.grantLease(600)
  for (const key of ['/a', '/b']) {
    const ops = [{ type: 'put' as const, key, value: ownText(key), lease }]
    await store.txn({ compare: [], ops })
  }
  const path = join(dir, 'snapshot')
  await saveSnapshot(store, path)
  const dataDir = join(dir, 'restored')
  await restoreSnapshot(path, dataDir, realClock)
  await using restored = await openStore({ type: 'sqlite', dataDir, ...services })
  const all = { start: '', end: '\0' }
  assert.deepEqual((await restored.range(all)).records, (await store.range(all)).records)
  await restored.renewLease(lease)
})

test('a damaged snapshot is refused, whatever is damaged, and leaves nothing behind', async (t) => {
  const dir = temporaryDir(t)
  const { store } = await filled()
  const path = join(dir, 'snapshot')
  await saveSnapshot(store, path)
  const good = readFileSync(path)
  const broken = join(dir, 'broken')
  const refuses = async (bytes: Uint8Array) => {
    writeFileSync(broken, bytes)
    await rejects(snapshotStatus(broken), 'Unusable')
    await rejects(restoreSnapshot(broken, join(dir, 'data'), realClock), 'Unusable')
    assert.deepEqual(readdirSync(dir).sort(), ['broken', 'snapshot'])
  }
  const random = seededRandom(3)
  for (let i = 0; i < 60; i++) {
    const bytes = Buffer.from(good)
    const at = i < 20 ? i : random.integer(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8))
    await refuses(bytes)
  }
  for (const length of [0, 5, 20, good.length - 33, good.length - 1]) {
    await refuses(good.subarray(0, length))
  }
  await refuses(Buffer.concat([good, Buffer.from('x')]))
  await rejects(snapshotStatus(join(dir, 'absent')), 'Unusable')
})

test('a directory that holds something is not restored into', async (t) => {
  const dir = temporaryDir(t)
  const { store } = await filled()
  const path = join(dir, 'snapshot')
  await saveSnapshot(store, path)
  const dataDir = join(dir, 'data')
  await restoreSnapshot(path, dataDir, realClock)
  await rejects(restoreSnapshot(path, dataDir, realClock), 'Unusable')
  const other = join(dir, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'file'), '')
  await rejects(restoreSnapshot(path, other, realClock), 'Unusable')
  assert.deepEqual(readdirSync(other), ['file'])
})

test('a snapshot that cannot be written leaves nothing behind', async (t) => {
  const dir = temporaryDir(t)
  const { store } = await filled()
  await rejects(saveSnapshot(store, join(dir, 'absent', 'snapshot')), 'Unusable')
  await store[Symbol.asyncDispose]()
  await rejects(saveSnapshot(store, join(dir, 'snapshot')), 'Unavailable')
  assert.deepEqual(readdirSync(dir), [])
})
