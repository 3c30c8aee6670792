import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, Namespace } from '#api'
import { seededRandom, silentLog, type Log, type Random } from '#base'
import {
  Client,
  Informers,
  objectKey,
  type Call,
  type Informer,
  type Transport,
  type WatchReceiver,
} from '#client'
import { errors, mutable } from '#machinery'
import { testCluster } from './cluster.ts'

const log = silentLog

describe('informers', () => {
  it('hold what there is and tell what changes, with the server’s own objects', async () => {
    await using cluster = await testCluster()
    const { client } = cluster
    const maps = client.resource(ConfigMap).namespace('default')
    await client.resource(Namespace).create({ metadata: { name: 'other' } })
    await maps.create({ metadata: { name: 'a' }, data: { x: '1' } })
    await using informers = new Informers(client, { ...cluster, log })
    const informer = informers.of(ConfigMap)
    assert.equal(informers.of(ConfigMap), informer)
    assert.notEqual(informers.of(ConfigMap, { namespace: 'default' }), informer)
    const told = follow(informer)
    assert.equal(informer.synced, false)
    await informers.start()
    assert.equal(informer.synced, true)
    const first = informer.lister.get('default', 'a')
    assert.ok(first !== undefined && Object.isFrozen(first) && Object.isFrozen(first.metadata))
    assert.equal(first.metadata.managedFields, undefined)
    assert.equal(first.data, (await maps.get('a')).data)
    assert.equal(informer.lister.get('default', 'a'), informer.lister.getByKey('default/a'))

    told.length = 0
    await maps.update({ ...mutable(first), data: { x: '2' } })
    await maps.create({ metadata: { name: 'b' } })
    await maps.delete('a')
    await cluster.clock.settle()
    assert.deepEqual(told, ['updated default/a 1→2', 'added default/b', 'deleted default/a 2'])
    assert.deepEqual(informer.lister.list('default').map(objectKey), ['default/b'])
    assert.deepEqual(informer.lister.list('other'), [])
  })

  it('replay what is there to handlers that come later, and end them', async () => {
    await using cluster = await testCluster()
    const maps = cluster.client.resource(ConfigMap).namespace('default')
    await maps.create({ metadata: { name: 'a' } })
    await using informers = new Informers(cluster.client, { ...cluster, log })
    await informers.start()
    const informer = informers.of(ConfigMap, { namespace: 'default' })
    await informer.whenSynced()
    const seen: string[] = []
    const end = informer.addHandler({ added: (map) => void seen.push(map.metadata.name ?? '') })
    assert.deepEqual(seen, ['a'])
    end()
    await maps.create({ metadata: { name: 'b' } })
    await cluster.clock.settle()
    assert.deepEqual(seen, ['a'])
    assert.equal(informer.lister.size, 2)
  })

  it('select by fields: an object that leaves is deleted', async () => {
    await using cluster = await testCluster()
    const maps = cluster.client.resource(ConfigMap).namespace('default')
    await using informers = new Informers(cluster.client, { ...cluster, log })
    const one = informers.of(ConfigMap, { fieldSelector: 'metadata.name=one' })
    const labelled = informers.of(ConfigMap, { labelSelector: 'a=b', managedFields: true })
    await informers.start()
    const map = await maps.create({ metadata: { name: 'one', labels: { a: 'b' } } })
    await maps.create({ metadata: { name: 'two' } })
    await cluster.clock.settle()
    assert.deepEqual(one.lister.list().map(objectKey), ['default/one'])
    assert.ok(labelled.lister.get('default', 'one')?.metadata.managedFields !== undefined)
    await maps.update({ ...map, metadata: { ...map.metadata, labels: {} } })
    await cluster.clock.settle()
    assert.equal(labelled.lister.size, 0)
    assert.equal(one.lister.size, 1)
  })

  it('stop: nobody waits, nothing is left', async () => {
    const cluster = await testCluster()
    const informers = new Informers(cluster.client, { ...cluster, log })
    const stop = new AbortController()
    await informers.start(stop.signal)
    const timers = cluster.clock.pendingTimers
    const informer = informers.of(ConfigMap)
    await informer.whenSynced()
    stop.abort()
    await informers[Symbol.asyncDispose]()
    await cluster.clock.settle()
    assert.equal(cluster.clock.pendingTimers, timers)
    await assert.rejects(informers.of(Namespace).whenSynced(), /stopped/)
    await cluster[Symbol.asyncDispose]()
    assert.equal(cluster.clock.pendingTimers, 0)
  })

  it('resume a watch that ends without another list', async () => {
    await using cluster = await testCluster()
    const faulty = new FaultyTransport(cluster.transport, seededRandom(1))
    const client = new Client(faulty, cluster.clock)
    await using informers = new Informers(client, { ...cluster, log })
    const told = follow(informers.of(ConfigMap, { namespace: 'default' }))
    await informers.start()
    const maps = cluster.client.resource(ConfigMap).namespace('default')
    for (let i = 0; i < 5; i++) {
      await maps.create({ metadata: { name: `m${i}` } })
      await cluster.clock.settle()
      faulty.endStreams(i % 2 === 0 ? undefined : new Error('connection reset'))
      await cluster.clock.advance(60_000)
    }
    assert.equal(faulty.lists, 1)
    assert.equal(told.filter((text) => text.startsWith('added default/m')).length, 5)
  })

  it('list again on 410, and tell what was deleted meanwhile', async () => {
    await using cluster = await testCluster()
    const faulty = new FaultyTransport(cluster.transport, seededRandom(1))
    const client = new Client(faulty, cluster.clock)
    const maps = cluster.client.resource(ConfigMap).namespace('default')
    await maps.create({ metadata: { name: 'gone' }, data: { x: '7' } })
    await maps.create({ metadata: { name: 'renewed' }, data: { x: '1' } })
    await using informers = new Informers(client, { ...cluster, log })
    const told = follow(informers.of(ConfigMap, { namespace: 'default' }))
    await informers.start()
    told.length = 0
    faulty.broken = true
    faulty.endStreams(errors.resourceExpired('too old resource version'))
    await maps.delete('gone')
    await maps.delete('renewed')
    await maps.create({ metadata: { name: 'renewed' }, data: { x: '2' } })
    await cluster.clock.advance(5_000)
    assert.deepEqual(told, [])
    faulty.broken = false
    await cluster.clock.advance(120_000)
    assert.equal(faulty.lists > 1, true)
    assert.deepEqual(told, [
      'deleted default/gone 7',
      'deleted default/renewed 1',
      'added default/renewed 2',
    ])
  })
})

describe('an informer under faults', () => {
  for (let seed = 1; seed <= 20; seed++) {
    it(`tells each object’s history and ends with the server’s state (seed ${seed})`, async () => {
      await faultyRun(seed)
    })
  }

  it('repeats itself exactly from the same seed', async () => {
    assert.deepEqual(await faultyRun(3), await faultyRun(3))
  })
})

/** What was told, in order. */
async function faultyRun(seed: number): Promise<readonly ConfigMap[]> {
  const random = seededRandom(seed)
  await using cluster = await testCluster(seed)
  const faulty = new FaultyTransport(cluster.transport, random)
  const complaints: unknown[] = []
  const log: Log = { ...silentLog, error: (...said) => void complaints.push(said), with: () => log }
  const informers = new Informers(new Client(faulty, cluster.clock), { ...cluster, log })
  const informer = informers.of(ConfigMap, { namespace: 'default' })
  const histories = new Map<string, string[]>()
  const told: ConfigMap[] = []
  const known = checkHandler(informer, told)
  const started = informers.start()
  const maps = cluster.client.resource(ConfigMap).namespace('default')
  for (let step = 0; step < 150; step++) {
    const name = `m${random.integer(6)}`
    const there = await maps.get(name).catch(() => undefined)
    if (there === undefined) {
      note(histories, await maps.create({ metadata: { name }, data: { x: String(step) } }))
    } else if (random.integer(3) === 0) await maps.delete(name)
    else note(histories, await maps.update({ ...there, data: { x: String(step) } }))
    switch (random.integer(8)) {
      case 0:
        faulty.endStreams(undefined)
        break
      case 1:
        faulty.endStreams(new Error('connection reset'))
        break
      case 2:
        faulty.endStreams(errors.resourceExpired('too old resource version'))
        break
      case 3:
        faulty.broken = !faulty.broken
        break
      default:
        break
    }
    if (random.integer(3) === 0) await cluster.clock.advance(random.integer(20_000))
    else await cluster.clock.settle()
  }
  faulty.broken = false
  faulty.endStreams(undefined)
  await cluster.clock.advance(10 * 60_000)
  await started
  const expected = (await maps.list()).items
  const versions = (objects: readonly ConfigMap[]) =>
    Object.fromEntries(objects.map((map) => [map.metadata.name, map.metadata.resourceVersion]))
  assert.deepEqual(versions(informer.lister.list()), versions(expected))
  assert.deepEqual(versions([...known.values()]), versions(expected))
  // Every state that was told was one of the server's. Bootstrap makes objects of its own.
  for (const { metadata } of told) {
    if (metadata.name?.startsWith('m') !== true) continue
    assert.ok(histories.get(metadata.uid ?? '')?.includes(metadata.resourceVersion ?? ''))
  }
  assert.deepEqual(complaints, [])
  await informers[Symbol.asyncDispose]()
  return told
}

/** A handler that checks what the informer promises with every call. */
function checkHandler(
  informer: Informer<ConfigMap>,
  told: ConfigMap[],
): ReadonlyMap<string, ConfigMap> {
  const known = new Map<string, ConfigMap>()
  informer.addHandler({
    added(map) {
      const key = objectKey(map)
      assert.ok(!known.has(key))
      told.push(map)
      assert.equal(informer.lister.getByKey(key), map)
      known.set(key, map)
    },
    updated(map, old) {
      const key = objectKey(map)
      assert.equal(known.get(key), old)
      told.push(map)
      assert.equal(map.metadata.uid, old.metadata.uid)
      assert.ok(Number(map.metadata.resourceVersion) > Number(old.metadata.resourceVersion))
      assert.equal(informer.lister.getByKey(key), map)
      known.set(key, map)
    },
    deleted(map) {
      const key = objectKey(map)
      assert.equal(known.get(key)?.metadata.uid, map.metadata.uid)
      assert.equal(informer.lister.getByKey(key), undefined)
      known.delete(key)
    },
  })
  return known
}

function note(histories: Map<string, string[]>, { metadata }: ConfigMap): void {
  const { uid = '', resourceVersion = '' } = metadata
  const history = histories.get(uid) ?? []
  history.push(resourceVersion)
  histories.set(uid, history)
}

function follow(informer: Informer<ConfigMap>): string[] {
  const told: string[] = []
  const value = (map: ConfigMap) => (map.data?.['x'] === undefined ? '' : ` ${map.data['x']}`)
  informer.addHandler({
    added: (map) => void told.push(`added ${objectKey(map)}${value(map)}`),
    updated: (map, old) =>
      void told.push(`updated ${objectKey(map)}${value(old)}→${value(map).trim()}`),
    deleted: (map) => void told.push(`deleted ${objectKey(map)}${value(map)}`),
  })
  return told
}

/** A way to the server that breaks on demand, and now and then of itself. */
class FaultyTransport implements Transport {
  lists = 0
  /** Nothing gets through. */
  broken = false
  readonly #inner: Transport
  readonly #random: Random
  readonly #open = new Set<(error: Error | undefined) => void>()

  constructor(inner: Transport, random: Random) {
    this.#inner = inner
    this.#random = random
  }

  async send(call: Call): Promise<unknown> {
    if (this.broken) throw this.#random.integer(2) === 0 ? new Error('no way') : refusal()
    this.lists++
    return this.#inner.send(call)
  }

  watch(call: Call, receiver: WatchReceiver) {
    const end = (error?: Error) => {
      handle.close()
      if (this.#open.delete(end)) receiver.end(error)
    }
    const handle = this.#inner.watch(call, { event: (event) => receiver.event(event), end })
    this.#open.add(end)
    if (this.broken) void Promise.resolve().then(() => end(refusal()))
    return {
      close: () => {
        this.#open.delete(end)
        handle.close()
      },
    }
  }

  endStreams(error: Error | undefined): void {
    for (const end of this.#open) end(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function refusal(): Error {
  return errors.internalError(new Error('out of order'))
}
