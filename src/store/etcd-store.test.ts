import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { realClock, realRandom, silentLog } from '#base'
import { openStore } from './open.ts'
import type { Store } from './store.ts'
import { ownText, rejects, runStoreContract, until } from './testing/contract.ts'
import { startEtcd, type EtcdProcess } from './testing/etcd-process.ts'

const services = { clock: realClock, log: silentLog, random: realRandom }
let etcd: EtcdProcess
let tests = 0

const open = (): Promise<Store> =>
  openStore({ type: 'etcd', endpoints: [etcd.endpoint], ...services })

before(async () => {
  etcd = await startEtcd()
})
after(() => etcd.stop())

runStoreContract(
  'etcd',
  async (t) => {
    const store = await open()
    t.after(() => store[Symbol.asyncDispose]())
    return { store, prefix: `/test-${++tests}/` }
  },
  { compactsRanges: false, passTime: (seconds) => realClock.sleep(seconds * 1_000) },
)

test('an endpoint that nobody serves is unusable', async () => {
  const endpoints = ['http://127.0.0.1:1']
  await rejects(openStore({ type: 'etcd', endpoints, ...services }), 'Unusable')
  await rejects(openStore({ type: 'etcd', endpoints: ['nonsense'], ...services }), 'Unusable')
  await rejects(openStore({ type: 'etcd', endpoints: [], ...services }), 'Unusable')
})

test('a dead endpoint among several is passed over', async () => {
  const endpoints = ['http://127.0.0.1:1', etcd.endpoint]
  await using store = await openStore({ type: 'etcd', endpoints, ...services })
  assert.ok((await store.barrier()) > 0)
})

test('a range longer than a page is one state', async () => {
  await using store = await open()
  const keys = Array.from({ length: 2_500 }, (_, i) => `/pages/${String(i).padStart(5, '0')}`)
  for (let i = 0; i < keys.length; i += 100) {
    const ops = keys
      .slice(i, i + 100)
      .map((key) => ({ type: 'put' as const, key, value: ownText(key) }))
    await store.txn({ compare: [], ops })
  }
  const { records, count } = await store.range({ start: '/pages/', end: '/pages0' })
  assert.deepEqual(
    records.map((record) => record.key),
    keys,
  )
  assert.equal(count, keys.length)
  const limited = await store.range({ start: '/pages/', end: '/pages0', limit: 1_200 })
  assert.deepEqual([limited.records.length, limited.count], [1_200, keys.length])
})

test('a watch over everything sees every writer', async () => {
  await using store = await open()
  let seen = 0
  const handle = store.watch({
    after: await store.barrier(),
    onEvents: (batch) => void (seen += batch.events.length),
    onEnd: () => {},
  })
  await using other = await open()
  const ops = [{ type: 'put' as const, key: '/other', value: ownText('x') }]
  await other.txn({ compare: [], ops })
  await until(() => seen === 1)
  handle.close()
})

test('a watch goes on after etcd was away, without gap or duplicate', async () => {
  await using store = await open()
  const put = async (value: string) => {
    const ops = [{ type: 'put' as const, key: '/restart', value: ownText(value) }]
    return (await store.txn({ compare: [], ops })).revision
  }
  const seen: number[] = []
  const handle = store.watch({
    after: await store.barrier(),
    range: { start: '/restart', end: '/restart0' },
    onEvents: ({ revision }) => void seen.push(revision),
    onEnd: ({ cause }) => assert.fail(cause),
  })
  const before = [await put('1'), await put('2')]
  await until(() => seen.length === 2)
  await etcd.restart()
  // Reads are tried again until etcd answers, writes are not: nobody knows what became of them.
  await store.barrier()
  assert.deepEqual(store.health(), { ok: true })
  const after = [await put('3'), await put('4')]
  await until(() => seen.length === 4)
  assert.deepEqual(seen, [...before, ...after])
  handle.close()
})
