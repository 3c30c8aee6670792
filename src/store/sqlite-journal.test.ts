import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { realClock, seededRandom, silentLog, type Clock } from '#base'
import { Compactor } from './compactor.ts'
import { openEngine } from './engine.ts'
import * as limits from './limits.ts'
import { openStore } from './open.ts'
import { SqliteJournal } from './sqlite-journal.ts'
import { StoreError, type Store } from './store.ts'
import { ownText, rejects, runStoreContract, text, until } from './testing/contract.ts'
import { ManualClock } from './testing/manual-clock.ts'

const clock = new ManualClock()

function temporaryDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-store-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

function open(dataDir: string, on: Clock = clock): Promise<Store> {
  const random = seededRandom(1)
  return openStore({ type: 'sqlite', dataDir, clock: on, log: silentLog, random })
}

const put = (store: Store, key: string, value: string | Uint8Array, lease?: string) =>
  store.txn({
    compare: [],
    ops: [{ type: 'put', key, value: typeof value === 'string' ? ownText(value) : value, lease }],
  })

const remove = (store: Store, key: string) =>
  store.txn({ compare: [], ops: [{ type: 'delete', key }] })

async function contents(store: Store): Promise<string[]> {
  const { records } = await store.range({ start: '', end: '\0' })
  return records.map((record) => `${record.key}=${text(record.value)}@${record.modRevision}`)
}

runStoreContract(
  'sqlite',
  async (t) => {
    const store = await open(join(temporaryDir(t), 'data'))
    t.after(() => store[Symbol.asyncDispose]())
    return { store, prefix: '/registry/' }
  },
  { compactsRanges: true, passTime: async (seconds) => clock.advance(seconds * 1_000) },
)

test('what was written is there after a restart, and revisions go on', async (t) => {
  const dir = temporaryDir(t)
  const first = await open(dir)
  await put(first, 'a', 'one')
  await put(first, 'a', 'two')
  const { revision } = await remove(first, 'a')
  await put(first, 'b', 'three')
  const before = await contents(first)
  await first[Symbol.asyncDispose]()
  assert.deepEqual(readdirSync(dir).sort(), ['reserve', 'store.db'])
  await using second = await open(dir)
  assert.deepEqual(await contents(second), before)
  const past = await second.range({ start: '', end: '\0', revision: revision - 1 })
  assert.equal(text(past.records[0]?.value), 'two')
  assert.equal((await put(second, 'b', 'four')).revision, revision + 2)
})

test('the revision does not go back when compaction takes the newest change', async (t) => {
  const dir = temporaryDir(t)
  const first = await open(dir)
  await put(first, 'a', 'one')
  const { revision } = await remove(first, 'a')
  await first.compact({ start: '', end: '\0', revision })
  await first[Symbol.asyncDispose]()
  await using second = await open(dir)
  assert.equal((await second.status()).revision, revision)
  await rejects(second.range({ start: '', end: '\0', revision: revision - 1 }), 'Compacted')
  assert.equal((await put(second, 'a', 'two')).revision, revision + 1)
})

test('a lease survives a restart and runs its whole time again', async (t) => {
  const dir = temporaryDir(t)
  const first = await open(dir)
  const lease = await first.grantLease(60)
  await put(first, 'a', 'leased', lease)
  await first[Symbol.asyncDispose]()
  await using second = await open(dir)
  clock.advance(59_000)
  await second.renewLease(lease)
  clock.advance(59_000)
  assert.equal((await contents(second)).length, 1)
  let deleted = false
  const onEvents = () => (deleted = true)
  second.watch({ after: await second.barrier(), onEvents, onEnd: () => {} })
  clock.advance(2_000)
  await until(() => deleted)
  assert.deepEqual(await contents(second), [])
})

test('files are readable by their owner only', async (t) => {
  const dir = join(temporaryDir(t), 'data')
  await using store = await open(dir)
  await put(store, 'secret', 'x')
  assert.equal(statSync(dir).mode & 0o777, 0o700)
  for (const file of readdirSync(dir)) {
    assert.equal(statSync(join(dir, file)).mode & 0o077, 0, file)
  }
})

test('history is kept for its window, and shorter for short kinds', async (t) => {
  const time = new ManualClock()
  const journal = new SqliteJournal({ dir: temporaryDir(t), clock: time })
  const engine = await openEngine(journal, { clock: time, log: silentLog, random: seededRandom(1) })
  t.after(() => engine[Symbol.asyncDispose]())
  const policy = { short: ['/events/'], bytesMax: 1 << 30 }
  const compactor = new Compactor(engine, policy, { clock: time, log: silentLog })
  t.after(() => compactor.stop())
  const event = await put(engine, '/events/a', 'one')
  await put(engine, '/events/a', 'two')
  const pod = await put(engine, '/pods/a', 'one')
  await put(engine, '/pods/a', 'two')
  const read = (prefix: string, revision: number) =>
    engine.range({ start: prefix, end: `${prefix}~`, revision })
  time.advance(limits.historyShortMs + 1_000)
  await compactor.compact()
  await rejects(read('/events/', event.revision), 'Compacted')
  assert.equal((await read('/pods/', pod.revision)).count, 1)
  time.advance(limits.historyWindowMs)
  await compactor.compact()
  await rejects(read('/pods/', pod.revision), 'Compacted')
  assert.deepEqual(await contents(engine), ['/events/a=two@3', '/pods/a=two@5'])
})

test('history gives way when it takes too many bytes', async (t) => {
  const time = new ManualClock()
  const journal = new SqliteJournal({ dir: temporaryDir(t), clock: time })
  const engine = await openEngine(journal, { clock: time, log: silentLog, random: seededRandom(1) })
  t.after(() => engine[Symbol.asyncDispose]())
  for (let i = 0; i < 40; i++) {
    await put(engine, 'a', new Uint8Array(100_000).fill(i))
    time.advance(60_000)
  }
  assert.ok((await engine.historyBytes()) > 3_000_000)
  const policy = { short: [], bytesMax: 1 << 20 }
  const compactor = new Compactor(engine, policy, { clock: time, log: silentLog })
  t.after(() => compactor.stop())
  await compactor.compact()
  assert.ok((await engine.historyBytes()) <= 1 << 20)
  assert.equal((await engine.range({ start: '', end: '\0' })).count, 1)
})

test('a directory in use is unusable, and usable again afterwards', async (t) => {
  const dir = temporaryDir(t)
  const first = await open(dir)
  await put(first, 'a', 'one')
  await rejectsNaming(open(dir), dir, 'in use by another process')
  await put(first, 'a', 'two')
  await first[Symbol.asyncDispose]()
  await using again = await open(dir)
  assert.deepEqual(await contents(again), ['a=two@3'])
})

test('a directory in use by another process is unusable', async (t) => {
  const dir = temporaryDir(t)
  await (await open(dir))[Symbol.asyncDispose]()
  const script = `
    const { DatabaseSync } = require('node:sqlite')
    const db = new DatabaseSync(${JSON.stringify(join(dir, 'store.db'))})
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT')
    process.stdout.write('locked')
    process.stdin.resume()`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = new Promise((resolve) => holder.once('exit', resolve))
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  await rejectsNaming(open(dir), dir, 'in use by another process')
  holder.kill('SIGKILL')
  await gone
  await (await open(dir))[Symbol.asyncDispose]()
})

test('foreign, newer, damaged and strange directories are unusable and left as they are', async (t) => {
  const parent = temporaryDir(t)
  const dir = (name: string) => {
    const path = join(parent, name)
    mkdirSync(path)
    return path
  }
  const database = (path: string, sql: string) => {
    const db = new DatabaseSync(join(path, 'store.db'))
    db.exec(sql)
    db.close()
  }
  const foreign = dir('foreign')
  database(foreign, 'CREATE TABLE t (x); PRAGMA application_id = 7')
  await rejectsNaming(open(foreign), foreign, 'that k8ts did not make')

  const newer = dir('newer')
  await (await open(newer))[Symbol.asyncDispose]()
  database(newer, 'PRAGMA user_version = 99')
  await rejectsNaming(open(newer), newer, 'newer k8ts')

  const text = dir('text')
  writeFileSync(
    join(text, 'store.db'),
    'not a database at all, but long enough for a header'.repeat(9),
  )
  await rejectsNaming(open(text), text, 'damaged')

  const empty = dir('empty-file')
  writeFileSync(join(empty, 'store.db'), '')
  await rejectsNaming(open(empty), empty, 'that k8ts did not make')
  assert.equal(statSync(join(empty, 'store.db')).size, 0)

  const etcd = dir('etcd')
  mkdirSync(join(etcd, 'member'))
  await rejectsNaming(open(etcd), etcd, 'holds something else (member)')
  assert.deepEqual(readdirSync(etcd), ['member'])

  const orphan = dir('orphan')
  writeFileSync(join(orphan, 'store.db-wal'), 'rest')
  await rejectsNaming(open(orphan), orphan, 'only a part of a store')

  const file = join(parent, 'file')
  writeFileSync(file, '')
  await rejectsNaming(open(file), file, 'is not a directory')
  await rejectsNaming(open(join(file, 'below')), join(file, 'below'), 'is not a directory')
})

test('damage in the middle of the database is said at the start', async (t) => {
  const dir = temporaryDir(t)
  const store = await open(dir)
  for (let i = 0; i < 50; i++) await put(store, `key-${i}`, 'x'.repeat(2_000))
  await store[Symbol.asyncDispose]()
  const path = join(dir, 'store.db')
  const bytes = readFileSync(path)
  // The first page, with the header and the names of the tables, stays as it is.
  bytes.fill(0xa5, 4_096, 40_000)
  writeFileSync(path, bytes)
  await rejectsNaming(open(dir), dir, 'damaged')
})

test('a disk that is full refuses puts, takes deletes, and recovers', async (t) => {
  const mount = mkdtempSync(join(tmpdir(), 'k8ts-full-'))
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' })
  const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount)
  t.after(() => {
    if (mounted.status === 0) run('umount', '-l', mount)
    rmSync(mount, { recursive: true, force: true })
  })
  assert.equal(mounted.status, 0, `the test mounts a small file system: ${mounted.stderr}`)
  const time = new ManualClock()
  const dir = join(mount, 'data')
  const store = await open(dir, time)
  const value = new Uint8Array(1_000_000).fill(1)
  let kept = 0
  await assert.rejects(async () => {
    for (; kept < 100; kept++) await put(store, `key-${kept}`, value)
  }, isNoSpace)
  assert.ok(kept > 2, 'some of it fits')
  assert.deepEqual(store.health().ok, false)
  await rejects(put(store, 'more', 'x'), 'NoSpace')
  assert.equal((await contents(store)).length, kept)
  for (let i = 0; i < kept; i++) await remove(store, `key-${i}`)
  assert.deepEqual(await contents(store), [])

  // Nobody else makes room: what was deleted is forgotten, and gives its bytes back.
  time.advance(limits.spaceProbeMs)
  await store.status()
  assert.equal(store.health().ok, false)
  await store.compact({ start: '', end: '\0', revision: await store.barrier() })
  time.advance(limits.spaceProbeMs)
  await until(() => store.health().ok)
  await put(store, 'after', 'room')
  const before = await contents(store)
  await store[Symbol.asyncDispose]()
  const again = await open(dir, time)
  assert.deepEqual(await contents(again), before)
  await again[Symbol.asyncDispose]()
})

test('opening on a full disk leaves nothing half-made', async (t) => {
  const mount = mkdtempSync(join(tmpdir(), 'k8ts-full-'))
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' })
  const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount)
  t.after(() => {
    if (mounted.status === 0) run('umount', '-l', mount)
    rmSync(mount, { recursive: true, force: true })
  })
  assert.equal(mounted.status, 0, `the test mounts a small file system: ${mounted.stderr}`)
  writeFileSync(join(mount, 'filler'), new Uint8Array(56 << 10))
  const dir = join(mount, 'data')
  await rejectsNaming(open(dir), dir, 'has no space left')
  assert.equal(existsSync(dir), false)
})

test('a checkpoint moves the log into the file when nothing is written', async (t) => {
  const dir = temporaryDir(t)
  const time = new ManualClock()
  await using store = await open(dir, time)
  for (let i = 0; i < 20; i++) await put(store, `key-${i}`, new Uint8Array(100_000))
  const before = statSync(join(dir, 'store.db')).size
  time.advance(limits.checkpointIdleMs)
  await store.status()
  assert.ok(statSync(join(dir, 'store.db')).size > before + 1_000_000)
})

test('the store alone does not keep a process alive, a write that is waited for does', async (t) => {
  const dir = temporaryDir(t)
  const script = `
    const { realClock, realRandom, silentLog } = await import('#base')
    const { openStore } = await import('./open.ts')
    const services = { clock: realClock, random: realRandom, log: silentLog }
    const store = await openStore({ type: 'sqlite', dataDir: ${JSON.stringify(dir)}, ...services })
    const value = new TextEncoder().encode('x')
    await store.txn({ compare: [], ops: [{ type: 'put', key: 'a', value }] })
    console.log('written')`
  const started = realClock.elapsed()
  const child = spawnSync(
    process.execPath,
    ['--conditions=source', '--input-type=module', '-e', script],
    { encoding: 'utf8', timeout: 20_000, cwd: import.meta.dirname },
  )
  assert.equal(child.stdout, 'written\n', child.stderr)
  assert.ok(realClock.elapsed() - started < 15_000)
  await using store = await open(dir)
  assert.deepEqual(await contents(store), ['a=x@2'])
})

function isNoSpace(error: unknown): boolean {
  assert.ok(error instanceof StoreError, String(error))
  assert.equal(error.reason, 'NoSpace', error.message)
  return true
}

async function rejectsNaming(opening: Promise<Store>, dir: string, what: string): Promise<void> {
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof StoreError, String(error))
    assert.equal(error.reason, 'Unusable')
    assert.ok(error.message.includes(dir), error.message)
    assert.ok(error.message.includes(what), error.message)
    return true
  })
}
