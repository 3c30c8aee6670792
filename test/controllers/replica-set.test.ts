import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Event, Pod, ReplicaSet } from '#api'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import {
  named,
  podsOf,
  podTemplate,
  prepareNamespace,
  report,
  type Workloads,
} from './workloads.ts'

async function startedCluster(): Promise<ControllerCluster> {
  const cluster = await startControllerCluster(named('replicaset-controller'))
  await prepareNamespace(cluster)
  return cluster
}

function sets({ client }: Workloads) {
  return client.resource(ReplicaSet).namespace('default')
}

async function createSet(
  cluster: Workloads,
  replicas: number,
  more: { readonly minReadySeconds?: number } = {},
): Promise<void> {
  const selector = { matchLabels: { app: 'web' } }
  const spec = { replicas, selector, template: podTemplate('web'), ...more }
  await sets(cluster).create({ metadata: { name: 'web' }, spec })
  await cluster.clock.settle()
}

describe('the ReplicaSet controller', () => {
  it('creates pods that name their owner, and counts them', async () => {
    await using cluster = await startedCluster()
    await createSet(cluster, 3)
    const pods = await podsOf(cluster, 'app=web')
    assert.equal(pods.length, 3)
    const set = await sets(cluster).get('web')
    for (const { metadata } of pods) {
      assert.match(metadata.name ?? '', /^web-[a-z0-9]{5}$/)
      assert.deepEqual(metadata.ownerReferences, [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web',
          uid: set.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ])
    }
    assert.deepEqual(set.status, {
      replicas: 3,
      fullyLabeledReplicas: 3,
      terminatingReplicas: 0,
      observedGeneration: 1,
    })
    const events = await cluster.client.resource(Event).namespace('default').list()
    const messages = events.items.map(({ reason, message }) => `${reason} ${message}`).sort()
    assert.deepEqual(
      messages,
      pods.map(({ metadata }) => `SuccessfulCreate Created pod: ${metadata.name}`).sort(),
    )
  })

  it('writes nothing once everything is as it should be', async () => {
    await using cluster = await startedCluster()
    await createSet(cluster, 2)
    const before = await sets(cluster).get('web')
    await cluster.advance(3_600_000)
    const after = await sets(cluster).get('web')
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion)
  })

  it('counts pods as available after minReadySeconds', async () => {
    await using cluster = await startedCluster()
    await createSet(cluster, 2, { minReadySeconds: 30 })
    await report(cluster, await podsOf(cluster, 'app=web'))
    const ready = (await sets(cluster).get('web')).status
    assert.equal(ready.readyReplicas, 2)
    assert.equal(ready.availableReplicas, undefined)
    await cluster.advance(29_000)
    assert.equal((await sets(cluster).get('web')).status.availableReplicas, undefined)
    await cluster.advance(1_500)
    assert.equal((await sets(cluster).get('web')).status.availableReplicas, 2)
  })

  it('replaces pods that are deleted or fail, and deletes what is too much', async () => {
    await using cluster = await startedCluster()
    await createSet(cluster, 3)
    const pods = cluster.client.resource(Pod).namespace('default')
    const [one, two] = await podsOf(cluster, 'app=web')
    await pods.delete(one?.metadata.name ?? '', { gracePeriodSeconds: 0 })
    await pods
      .subresource('status')
      .patch(two?.metadata.name ?? '', { type: 'merge', patch: { status: { phase: 'Failed' } } })
    await cluster.clock.settle()
    const now = await podsOf(cluster, 'app=web')
    assert.equal(now.length, 4)
    assert.equal((await sets(cluster).get('web')).status.replicas, 3)
    await report(cluster, now.filter(({ status }) => status.phase !== 'Failed').slice(0, 1))
    await sets(cluster).patch('web', { type: 'merge', patch: { spec: { replicas: 1 } } })
    await cluster.clock.settle()
    const left = (await podsOf(cluster, 'app=web')).filter(
      ({ status }) => status.phase !== 'Failed',
    )
    assert.deepEqual(
      left.map(({ status }) => status.phase),
      ['Running'],
    )
    assert.equal((await sets(cluster).get('web')).status.observedGeneration, 2)
  })

  it('counts pods that take their time to end, and replaces them meanwhile', async () => {
    await using cluster = await startedCluster()
    await createSet(cluster, 1)
    const pods = cluster.client.resource(Pod).namespace('default')
    const [pod] = await podsOf(cluster, 'app=web')
    const name = pod?.metadata.name ?? ''
    await pods.patch(name, { type: 'merge', patch: { metadata: { finalizers: ['k8s.io/test'] } } })
    await pods.delete(name)
    await cluster.clock.settle()
    const { status } = await sets(cluster).get('web')
    assert.equal(status.replicas, 1)
    assert.equal(status.terminatingReplicas, 1)
  })

  it('adopts orphans that fit and releases pods that no longer do', async () => {
    await using cluster = await startedCluster()
    const pods = cluster.client.resource(Pod).namespace('default')
    const orphan = podTemplate('web')
    await pods.create({ metadata: { ...orphan.metadata, name: 'orphan' }, spec: orphan.spec })
    await createSet(cluster, 2)
    assert.equal((await podsOf(cluster, 'app=web')).length, 2)
    const set = await sets(cluster).get('web')
    const adopted = await pods.get('orphan')
    assert.equal(adopted.metadata.ownerReferences?.[0]?.uid, set.metadata.uid)
    await pods.patch('orphan', { type: 'merge', patch: { metadata: { labels: { app: 'other' } } } })
    await cluster.clock.settle()
    assert.equal((await pods.get('orphan')).metadata.ownerReferences, undefined)
    assert.equal((await podsOf(cluster, 'app=web')).length, 2)
    await pods.patch('orphan', { type: 'merge', patch: { metadata: { labels: { app: 'web' } } } })
    await cluster.clock.settle()
    // Taken back, it is one too many.
    assert.equal((await podsOf(cluster, 'app=web')).length, 2)
  })

  it('leaves pods of others alone', async () => {
    await using cluster = await startedCluster()
    const { metadata, spec } = podTemplate('web')
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n-1', controller: true }
    await cluster.client
      .resource(Pod)
      .namespace('default')
      .create({ metadata: { ...metadata, name: 'static', ownerReferences: [owner] }, spec })
    await createSet(cluster, 1)
    assert.equal((await podsOf(cluster, 'app=web')).length, 2)
  })

  it('says why pods cannot be created, and tries again', async () => {
    await using cluster = await startControllerCluster(named('replicaset-controller'))
    await createSet(cluster, 4)
    // The server waits a while for the namespace's default account.
    await cluster.advance(3_000)
    const [condition] = (await sets(cluster).get('web')).status.conditions ?? []
    assert.equal(condition?.type, 'ReplicaFailure')
    assert.equal(condition?.status, 'True')
    assert.equal(condition?.reason, 'FailedCreate')
    assert.match(
      condition?.message ?? '',
      /^pods "web-" is forbidden: error looking up service account/,
    )
    const [event] = (await cluster.client.resource(Event).namespace('default').list()).items
    assert.equal(event?.reason, 'FailedCreate')
    assert.match(event?.message ?? '', /^Error creating: pods "web-" is forbidden/)
    await prepareNamespace(cluster)
    await cluster.advance(60_000)
    const { status } = await sets(cluster).get('web')
    assert.equal(status.replicas, 4)
    assert.equal(status.conditions, undefined)
  })

  it('creates five hundred pods at a time', async () => {
    await using cluster = await startedCluster()
    await createSet(cluster, 700)
    await cluster.advance(1_000)
    assert.equal((await podsOf(cluster, 'app=web')).length, 700)
  })
})
