import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Event, Lease } from '#api'
import { seededRandom, silentLog } from '#base'
import {
  Client,
  EventBroadcaster,
  LeadershipLostError,
  runAsLeader,
  type Call,
  type LeaderElectionOptions,
  type Transport,
} from '#client'
import { mutable } from '#machinery'
import { testCluster, type TestCluster } from './cluster.ts'

const where = { namespace: 'kube-system', name: 'election' }

interface Candidate {
  readonly stop: AbortController
  /** Works right now. */
  leads: boolean
  /** How it ended. */
  outcome: 'released' | 'lost' | undefined
  /** Nothing it sends arrives. */
  cut: boolean
}

function candidate(
  cluster: TestCluster,
  identity: string,
  more: Partial<LeaderElectionOptions> = {},
): Candidate {
  const state: Candidate = {
    stop: new AbortController(),
    leads: false,
    outcome: undefined,
    cut: false,
  }
  const transport: Transport = {
    send: (call: Call) =>
      state.cut ? Promise.reject(new Error('cut off')) : cluster.transport.send(call),
    watch: (call, receiver) => cluster.transport.watch(call, receiver),
    [Symbol.asyncDispose]: async () => {},
  }
  const client = new Client(transport, cluster.clock)
  const { clock } = cluster
  const random = seededRandom(identity.length)
  const options = { clock, random, log: silentLog, lease: where, identity, ...more }
  runAsLeader(client, options, state.stop.signal, async (signal) => {
    state.leads = true
    await clock.sleep(1e9, signal).catch(() => {})
    state.leads = false
  }).then(
    () => (state.outcome = 'released'),
    (error: unknown) => (state.outcome = error instanceof LeadershipLostError ? 'lost' : undefined),
  )
  return state
}

const leaseOf = ({ client }: TestCluster) =>
  client.resource(Lease).namespace(where.namespace).get(where.name)

describe('leader election', () => {
  it('lets one lead, and the next one as soon as it is released', async () => {
    await using cluster = await testCluster()
    const seen: string[] = []
    const a = candidate(cluster, 'a', { onLeader: (identity) => void seen.push(identity) })
    await cluster.clock.advance(100)
    assert.equal(a.leads, true)
    const b = candidate(cluster, 'bb')
    await cluster.clock.advance(60_000)
    assert.deepEqual([a.leads, b.leads], [true, false])
    const held = await leaseOf(cluster)
    assert.equal(held.spec.holderIdentity, 'a')
    assert.equal(held.spec.leaseDurationSeconds, 15)
    assert.equal(held.spec.leaseTransitions, 0)
    assert.notEqual(held.spec.renewTime, held.spec.acquireTime)

    a.stop.abort()
    await cluster.clock.advance(100)
    assert.equal(a.outcome, 'released')
    const released = await leaseOf(cluster)
    assert.equal(released.spec.holderIdentity, undefined)
    assert.equal(released.spec.leaseDurationSeconds, 1)
    await cluster.clock.advance(5_000)
    assert.equal(b.leads, true)
    assert.equal((await leaseOf(cluster)).spec.leaseTransitions, 1)
    b.stop.abort()
    await cluster.clock.advance(100)
    assert.deepEqual(seen, ['a'])
  })

  it('stops a leader that is cut off before another one may lead', async () => {
    await using cluster = await testCluster()
    const a = candidate(cluster, 'a')
    await cluster.clock.advance(10_000)
    const b = candidate(cluster, 'bb')
    await cluster.clock.advance(10_000)
    a.cut = true
    for (let ms = 0; ms < 40_000; ms += 100) {
      await cluster.clock.advance(100)
      assert.ok(!(a.leads && b.leads))
      if (a.outcome === undefined) assert.ok(ms <= 12_000)
    }
    assert.equal(a.outcome, 'lost')
    assert.equal(b.leads, true)
    b.stop.abort()
    await cluster.clock.advance(100)
  })

  it('stops at once when somebody else holds the lease', async () => {
    await using cluster = await testCluster()
    const a = candidate(cluster, 'a')
    await cluster.clock.advance(10_000)
    const lease = mutable(await leaseOf(cluster))
    lease.spec.holderIdentity = 'thief'
    await cluster.client.resource(Lease).update(lease)
    await cluster.clock.advance(2_100)
    assert.equal(a.outcome, 'lost')
    assert.equal((await leaseOf(cluster)).spec.holderIdentity, 'thief')
  })

  it('never has two leaders, whoever is cut off when', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      await using cluster = await testCluster(seed)
      const random = seededRandom(seed)
      const candidates: Candidate[] = []
      for (let step = 0; step < 200; step++) {
        const alive = candidates.filter(({ outcome }) => outcome === undefined)
        if (alive.length < 3) candidates.push(candidate(cluster, `candidate-${step}`))
        const one = alive[random.integer(Math.max(1, alive.length))]
        if (one !== undefined && random.integer(10) === 0) one.cut = !one.cut
        if (one !== undefined && random.integer(40) === 0) one.stop.abort()
        await cluster.clock.advance(random.integer(3_000))
        assert.ok(candidates.filter(({ leads }) => leads).length <= 1, `seed ${seed}`)
      }
      for (const each of candidates) {
        each.cut = false
        each.stop.abort()
      }
      await cluster.clock.advance(60_000)
      assert.ok(candidates.length > 3)
      assert.ok(candidates.every(({ outcome }) => outcome !== undefined))
    }
  })

  it('tells of leaders by events on the lease', async () => {
    await using cluster = await testCluster()
    const { client } = cluster
    await using broadcaster = new EventBroadcaster(client, { ...cluster, log: silentLog })
    const a = candidate(cluster, 'a', { recorder: broadcaster.recorder({ component: 'test' }) })
    await cluster.clock.advance(1_000)
    a.stop.abort()
    await cluster.clock.advance(1_000)
    const { items } = await client.resource(Event).namespace(where.namespace).list()
    assert.deepEqual(
      items.map(({ reason, message, involvedObject }) => [reason, message, involvedObject.kind]),
      [
        ['LeaderElection', 'a became leader', 'Lease'],
        ['LeaderElection', 'a stopped leading', 'Lease'],
      ],
    )
  })
})
