import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Event, Job, Pod, PodDisruptionBudget, ReplicaSet } from '#api'
import { formatTime, must } from '#base'
import { resourceFromDocument, type KubeObject } from '#machinery'
import { disruptionController } from '../../src/controllers/disruption/controller.ts'
import { widgets, widgetVersion } from '../../src/apiserver/testing/widgets.ts'
import { startControllerCluster } from './harness.ts'
import { ServicePods } from './service-pods.ts'

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web' }] },
}

async function start() {
  const scalable = {
    ...widgetVersion('v1'),
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.seen' },
    },
  }
  const kind = resourceFromDocument(widgets({ versions: [scalable] }))
  const cluster = await startControllerCluster([disruptionController], { extraResources: [kind] })
  const pods = new ServicePods(cluster)
  await pods.prepare('node-1')
  const { client } = cluster
  const budgets = client.resource(PodDisruptionBudget).namespace('default')
  return {
    cluster,
    pods,
    budgets,
    all: client.resource(Pod).namespace('default'),
    make: (spec: object) =>
      budgets.create({
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
      }),
    status: async () => (await budgets.get('web')).status,
    writes: () => cluster.calls('disruption-controller').filter((call) => !call.startsWith('GET')),
    owned: async (name: string, owner: KubeObject, ready = true) => {
      await pods.pod(name, { ready })
      const { apiVersion, kind: ownerKind, metadata } = owner
      const reference = {
        apiVersion,
        kind: ownerKind,
        name: metadata.name,
        uid: metadata.uid,
        controller: true,
      }
      const patch = { metadata: { ownerReferences: [reference] } }
      await client.resource(Pod).namespace('default').patch(name, { type: 'merge', patch })
    },
    events: async () => {
      const { items } = await client.resource(Event).namespace('default').list()
      return items.map(({ reason, message }) => `${reason}: ${message}`)
    },
  }
}

describe('disruption-controller', () => {
  it('counts healthy pods, and writes only what changes', async () => {
    const { cluster, pods, make, status, writes } = await start()
    await using _ = cluster
    await make({ minAvailable: 1 })
    for (const name of ['a', 'b']) await pods.pod(name)
    await cluster.advance(1_000)
    const counted = await status()
    assert.deepEqual(
      [counted.expectedPods, counted.currentHealthy, counted.desiredHealthy],
      [2, 2, 1],
    )
    assert.equal(counted.disruptionsAllowed, 1)
    assert.equal(counted.conditions?.[0]?.reason, 'SufficientPods')
    await pods.report('b', { ready: false })
    await cluster.advance(1_000)
    const fewer = await status()
    assert.equal(fewer.disruptionsAllowed, 0)
    assert.equal(fewer.conditions?.[0]?.reason, 'InsufficientPods')
    const before = writes()
    await cluster.advance(10 * 60_000)
    assert.deepEqual(writes(), before)
  })

  it('lets as many be evicted as it allows, one after another', async () => {
    const { cluster, pods, all, make, status } = await start()
    await using _ = cluster
    await make({ minAvailable: 1 })
    for (const name of ['a', 'b', 'c']) await pods.pod(name)
    await cluster.advance(1_000)
    const evict = (name: string) =>
      all.subresource('eviction').create(name, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace: 'default' },
      })
    await evict('a')
    await cluster.advance(1_000)
    const once = await status()
    assert.equal(once.disruptionsAllowed, 1)
    assert.deepEqual(Object.keys(once.disruptedPods ?? {}), [])
    await evict('b')
    await cluster.advance(1_000)
    assert.equal((await status()).disruptionsAllowed, 0)
  })

  it('forgets an eviction that did not happen', async () => {
    const { cluster, pods, budgets, make, status, events } = await start()
    await using _ = cluster
    await make({ minAvailable: 0 })
    await pods.pod('a')
    await cluster.advance(1_000)
    const now = formatTime(cluster.clock.now())
    await budgets.subresource('status').patch('web', {
      type: 'merge',
      patch: { status: { disruptedPods: { a: now } } },
    })
    await cluster.advance(60_000)
    assert.equal((await status()).currentHealthy, 0)
    await cluster.advance(62_000)
    const after = await status()
    assert.deepEqual([after.currentHealthy, after.disruptedPods], [1, undefined])
    const told = (await events()).filter((event) => event.startsWith('NotDeleted'))
    assert.deepEqual(told, [
      "NotDeleted: Pod was expected by PDB default/web to be deleted but it wasn't",
    ])
  })

  it('asks owners how many pods there should be', async () => {
    const { cluster, make, status, owned } = await start()
    await using _ = cluster
    const owner = await cluster.client
      .resource(ReplicaSet)
      .namespace('default')
      .create({
        metadata: { name: 'rs' },
        spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template },
      })
    await make({ maxUnavailable: '50%' })
    for (const name of ['a', 'b', 'c']) await owned(name, owner)
    await cluster.advance(1_000)
    const { expectedPods, desiredHealthy, disruptionsAllowed } = await status()
    assert.deepEqual([expectedPods, desiredHealthy, disruptionsAllowed], [4, 2, 1])
  })

  it('asks owners of kinds that arrived by their scale', async () => {
    const { cluster, make, status, owned } = await start()
    await using _ = cluster
    const owner = (await cluster.client.send({
      method: 'POST',
      path: '/apis/example.com/v1/namespaces/default/widgets',
      body: {
        apiVersion: 'example.com/v1',
        kind: 'Widget',
        metadata: { name: 'w' },
        spec: { size: 5 },
      },
    })) as KubeObject
    await make({ minAvailable: '60%' })
    for (const name of ['a', 'b', 'c', 'd']) await owned(name, owner)
    await cluster.advance(1_000)
    const { expectedPods, desiredHealthy, disruptionsAllowed } = await status()
    assert.deepEqual([expectedPods, desiredHealthy, disruptionsAllowed], [5, 3, 1])
  })

  it('allows nothing where owners cannot tell, and says why', async () => {
    const { cluster, make, status, owned, events } = await start()
    await using _ = cluster
    const owner = await cluster.client
      .resource(Job)
      .namespace('default')
      .create({
        metadata: { name: 'job' },
        spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
      })
    await make({ maxUnavailable: 1 })
    await owned('a', owner)
    await cluster.advance(1_000)
    const why = 'jobs.batch does not implement the scale subresource'
    const { disruptionsAllowed, conditions } = await status()
    assert.equal(disruptionsAllowed, 0)
    const condition = must(conditions?.[0], 'there is a condition')
    assert.deepEqual([condition.reason, condition.message], ['SyncFailed', why])
    const told = await events()
    assert.ok(
      told.includes(
        `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${why}`,
      ),
      told.join('\n'),
    )
  })

  it('tells of pods that nobody manages', async () => {
    const { cluster, pods, make, events } = await start()
    await using _ = cluster
    await make({ maxUnavailable: 1 })
    await cluster.advance(1_000)
    await pods.pod('a')
    await cluster.advance(1_000)
    const reasons = (await events()).map((event) => event.replace(/:.*/s, ''))
    assert.deepEqual([...new Set(reasons)].toSorted(), ['NoPods', 'UnmanagedPods'])
  })

  it('takes the mark of a disruption from a pod that stays', async () => {
    const { cluster, pods, all } = await start()
    await using _ = cluster
    await pods.pod('a')
    const target = async () => {
      const { status } = await all.get('a')
      return status.conditions?.find(({ type }) => type === 'DisruptionTarget')
    }
    const lastTransitionTime = formatTime(cluster.clock.now())
    const mark = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime,
    }
    await all.subresource('status').patch('a', {
      type: 'strategic',
      patch: { status: { conditions: [mark] } },
    })
    await cluster.advance(119_000)
    assert.equal((await target())?.status, 'True')
    await cluster.advance(3_000)
    const after = await target()
    assert.deepEqual([after?.status, after?.reason], ['False', undefined])
  })
})
