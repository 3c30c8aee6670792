import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, Event } from '#api'
import { silentLog } from '#base'
import { Client, EventBroadcaster, type RecordedEvent, type Transport } from '#client'
import { testCluster, type TestCluster } from './cluster.ts'

const log = silentLog
const scaled = (message = 'Scaled up'): RecordedEvent => ({
  type: 'Normal',
  reason: 'ScalingReplicaSet',
  message,
})

async function events({ client }: TestCluster): Promise<readonly Event[]> {
  return (await client.resource(Event).namespace('default').list()).items
}

describe('v1 events', () => {
  it('look as upstream’s controllers write them', async () => {
    await using cluster = await testCluster()
    const { client } = cluster
    await using broadcaster = new EventBroadcaster(client, { ...cluster, log })
    const map = await client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'a' } })
    broadcaster.recorder({ component: 'kubelet', host: 'node-1' }).record(map, scaled())
    await broadcaster.flush()
    const [event] = await events(cluster)
    assert.ok(event !== undefined)
    assert.match(event.metadata.name ?? '', /^a\.[0-9a-f]{16}$/)
    assert.deepEqual(event.involvedObject, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'default',
      name: 'a',
      uid: map.metadata.uid,
      resourceVersion: map.metadata.resourceVersion,
    })
    assert.deepEqual(event.source, { component: 'kubelet', host: 'node-1' })
    assert.equal(event.reportingComponent, 'kubelet')
    assert.equal(event.reportingInstance, 'node-1')
    assert.equal(event.count, 1)
    assert.equal(event.firstTimestamp, event.lastTimestamp)
    assert.equal(event.eventTime, null)
  })

  it('count what is said again, also after it expired', async () => {
    await using cluster = await testCluster()
    const { client, clock } = cluster
    await using broadcaster = new EventBroadcaster(client, { ...cluster, log })
    const recorder = broadcaster.recorder({ component: 'c' })
    const about = { kind: 'Node', name: 'n' }
    for (let i = 0; i < 3; i++) {
      recorder.record(about, scaled())
      await clock.advance(2_000)
    }
    const [event, ...none] = await events(cluster)
    assert.ok(event !== undefined)
    assert.deepEqual(none, [])
    assert.equal(event.count, 3)
    assert.notEqual(event.firstTimestamp, event.lastTimestamp)
    await client
      .resource(Event)
      .namespace('default')
      .delete(event.metadata.name ?? '')
    recorder.record(about, scaled())
    await broadcaster.flush()
    const [again] = await events(cluster)
    assert.equal(again?.count, 4)
    assert.equal(again?.firstTimestamp, event.firstTimestamp)
  })

  it('combine what is similar from the tenth message on', async () => {
    await using cluster = await testCluster()
    await using broadcaster = new EventBroadcaster(cluster.client, { ...cluster, log })
    const recorder = broadcaster.recorder({ component: 'c' })
    for (let i = 1; i <= 14; i++) recorder.record({ name: 'n' }, scaled(`number ${i}`))
    await broadcaster.flush()
    const all = await events(cluster)
    assert.equal(all.length, 10)
    const combined = all.find(({ message }) => message?.startsWith('(combined') === true)
    assert.equal(combined?.message, '(combined from similar events): number 14')
    assert.equal(combined.count, 5)
  })

  it('drop a flood about one object, and let others be heard', async () => {
    await using cluster = await testCluster()
    await using broadcaster = new EventBroadcaster(cluster.client, { ...cluster, log })
    const recorder = broadcaster.recorder({ component: 'c' })
    for (let i = 1; i <= 60; i++) recorder.record({ name: 'n' }, scaled())
    recorder.record({ name: 'other' }, scaled())
    await broadcaster.flush()
    const counts = Object.fromEntries(
      (await events(cluster)).map(({ involvedObject, count }) => [involvedObject.name, count]),
    )
    assert.deepEqual(counts, { n: 25, other: 1 })
    await cluster.clock.advance(300_000)
    recorder.record({ name: 'n' }, scaled())
    await broadcaster.flush()
    assert.ok((await events(cluster)).some(({ count }) => count === 61))
  })
})

describe('events.k8s.io/v1 events', () => {
  it('become a series, which is written when it is over', async () => {
    await using cluster = await testCluster()
    const { clock } = cluster
    await using broadcaster = new EventBroadcaster(cluster.client, { ...cluster, log })
    const recorder = broadcaster.recorder({
      component: 'default-scheduler',
      host: 'host',
      api: 'events.k8s.io/v1',
    })
    const failed = (message: string): RecordedEvent => ({
      type: 'Warning',
      reason: 'FailedScheduling',
      action: 'Scheduling',
      message,
    })
    const say = async (message: string) => {
      recorder.record({ kind: 'Pod', name: 'p', namespace: 'default' }, failed(message))
      await clock.advance(1_000)
      const all = await events(cluster)
      assert.equal(all.length, 1)
      return all[0]
    }
    const first = await say('0/3 nodes are available')
    assert.equal(first?.message, '0/3 nodes are available')
    assert.equal(first.series, undefined)
    assert.equal(first.action, 'Scheduling')
    assert.equal(first.reportingComponent, 'default-scheduler')
    assert.equal(first.reportingInstance, 'default-scheduler-host')
    assert.notEqual(first.eventTime, null)
    assert.equal((await say('0/4 nodes are available'))?.series?.count, 2)
    assert.equal((await say('again'))?.series?.count, 2)
    await say('again')
    await clock.advance(15 * 60_000)
    assert.equal((await events(cluster))[0]?.series?.count, 4)
    // The series is over: the next one is new, and there is nothing left to wait for.
    recorder.record({ kind: 'Pod', name: 'p', namespace: 'default' }, failed('new'))
    await clock.advance(1_000)
    assert.equal((await events(cluster)).length, 2)
  })

  it('shorten notes that are too long', async () => {
    await using cluster = await testCluster()
    await using broadcaster = new EventBroadcaster(cluster.client, { ...cluster, log })
    const recorder = broadcaster.recorder({ component: 'c', api: 'events.k8s.io/v1' })
    recorder.record({ name: 'p' }, { ...scaled('ä'.repeat(600)), action: 'Scaling' })
    await broadcaster.flush()
    const [event] = await events(cluster)
    assert.equal(event?.message, `${'ä'.repeat(510)} ...`)
  })
})

describe('recording', () => {
  it('never waits or fails: what cannot be delivered is tried again, then dropped', async () => {
    await using cluster = await testCluster()
    let cut = true
    const transport: Transport = {
      send: (call) => (cut ? Promise.reject(new Error('cut')) : cluster.transport.send(call)),
      watch: (call, receiver) => cluster.transport.watch(call, receiver),
      [Symbol.asyncDispose]: async () => {},
    }
    const client = new Client(transport, cluster.clock)
    const broadcaster = new EventBroadcaster(client, { ...cluster, log })
    const recorder = broadcaster.recorder({ component: 'c' })
    for (let i = 0; i < 1_200; i++) recorder.record({ name: `n${i}` }, scaled())
    assert.equal(broadcaster.dropped, 200)
    await cluster.clock.advance(30_000)
    cut = false
    await cluster.clock.advance(30_000)
    assert.equal((await events(cluster)).length, 1_000)
    cut = true
    recorder.record({ name: 'late' }, scaled())
    await cluster.clock.advance(150_000)
    assert.equal(broadcaster.dropped, 201)
    recorder.record({ name: 'later' }, scaled())
    const disposed = broadcaster[Symbol.asyncDispose]()
    await cluster.clock.advance(2_000)
    await disposed
    recorder.record({ name: 'too late' }, scaled())
    assert.equal(broadcaster.dropped, 203)
  })
})
