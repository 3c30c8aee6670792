import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClusterRole, ConfigMap, Event, Secret } from '#api'
import { must } from '#base'
import { hasReason, resourceFromDocument, type KubeObject, type Resource } from '#machinery'
import { garbageCollector } from '../../src/controllers/garbage-collector/controller.ts'
import { widgets } from '../../src/apiserver/testing/widgets.ts'
import { startControllerCluster, type ControllerCluster } from './harness.ts'

const account = 'generic-garbage-collector'

function ownedBy(owner: KubeObject, more: { readonly blockOwnerDeletion?: boolean } = {}) {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '', ...more }
}

function configMaps({ client }: ControllerCluster) {
  return client.resource(ConfigMap).namespace('default')
}

function make(cluster: ControllerCluster, name: string, ...owners: ReturnType<typeof ownedBy>[]) {
  return configMaps(cluster).create({ metadata: { name, ownerReferences: owners } })
}

async function names(cluster: ControllerCluster): Promise<readonly string[]> {
  const { items } = await configMaps(cluster).list()
  return items.map(({ metadata }) => metadata.name ?? '').filter((name) => !name.startsWith('kube'))
}

function becomes(cluster: ControllerCluster, expected: readonly string[]): Promise<true> {
  return cluster.eventually(`only [${expected.join()}] is there`, async () => {
    const found = await names(cluster)
    return found.join() === expected.join() && true
  })
}

/** The calls that are not those of watching kinds. */
function work(cluster: ControllerCluster): readonly string[] {
  return cluster.calls(account).filter((call) => call.includes('/namespaces/'))
}

describe('garbage-collector-controller', () => {
  it('deletes what an owner leaves behind, and what that leaves', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    const child = await make(cluster, 'b', ownedBy(owner))
    await make(cluster, 'c', ownedBy(child))
    await make(cluster, 'd')
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a')
    await becomes(cluster, ['d'])
  })

  it('asks nothing while owners are there', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    await cluster.advance(1_000)
    const owner = await make(cluster, 'a')
    for (const name of ['b', 'c', 'd']) await make(cluster, name, ownedBy(owner))
    await cluster.advance(10 * 60_000)
    assert.deepEqual(work(cluster), [])
  })

  it('deletes with one look at each dependent and one at the owner', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    for (const name of ['b', 'c', 'd']) await make(cluster, name, ownedBy(owner))
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a')
    await becomes(cluster, [])
    const calls = work(cluster)
    const count = (verb: string) => calls.filter((call) => call.startsWith(verb)).length
    assert.equal(count('DELETE'), 3)
    // Three dependents, and the owner, for which several may ask before the first answer.
    assert.ok(count('GET') <= 6, calls.join('\n'))
  })

  it('finds dependents of owners that were gone before it started, or never there', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    await make(cluster, 'b', { ...ownedBy(owner), uid: 'another' })
    await becomes(cluster, ['a'])
  })

  it('keeps what has another owner, without the reference to the one that is gone', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const one = await make(cluster, 'a')
    const other = await make(cluster, 'b')
    await make(cluster, 'c', ownedBy(one), ownedBy(other))
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a')
    const left = await cluster.eventually('one owner is left', async () => {
      const { metadata } = await configMaps(cluster).get('c')
      return metadata.ownerReferences?.length === 1 && metadata.ownerReferences
    })
    assert.equal(left[0]?.uid, other.metadata.uid)
  })

  it('in foreground lets the owner go last, after the dependents that block it', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    await make(cluster, 'b', ownedBy(owner, { blockOwnerDeletion: true }))
    await configMaps(cluster).create({
      metadata: {
        name: 'c',
        finalizers: ['example.com/hold'],
        ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })],
      },
    })
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a', { propagationPolicy: 'Foreground' })
    await becomes(cluster, ['a', 'c'])
    await cluster.advance(60_000)
    assert.deepEqual(await names(cluster), ['a', 'c'])
    const release = { metadata: { finalizers: null } }
    await configMaps(cluster).patch('c', { type: 'merge', patch: release })
    await becomes(cluster, [])
  })

  it('does not wait for dependents that do not block', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    await configMaps(cluster).create({
      metadata: {
        name: 'b',
        finalizers: ['example.com/hold'],
        ownerReferences: [ownedBy(owner)],
      },
    })
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a', { propagationPolicy: 'Foreground' })
    await becomes(cluster, ['b'])
  })

  it('lets dependents go that are to be orphans', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    for (const name of ['b', 'c']) await make(cluster, name, ownedBy(owner))
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a', { propagationPolicy: 'Orphan' })
    await becomes(cluster, ['b', 'c'])
    for (const name of ['b', 'c']) {
      const { metadata } = await configMaps(cluster).get(name)
      assert.equal(metadata.ownerReferences, undefined)
    }
    await cluster.advance(60_000)
    assert.deepEqual(await names(cluster), ['b', 'c'])
  })

  it('breaks circles of owners', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const blocks = { blockOwnerDeletion: true }
    const first = await make(cluster, 'a')
    const second = await make(cluster, 'b', ownedBy(first, blocks))
    const ownerReferences = [ownedBy(second, blocks)]
    await configMaps(cluster).patch('a', {
      type: 'merge',
      patch: { metadata: { ownerReferences } },
    })
    await cluster.advance(1_000)
    await configMaps(cluster).delete('a', { propagationPolicy: 'Foreground' })
    await becomes(cluster, [])
  })

  it('tells of owners in other namespaces, and takes them for absent', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const elsewhere = await cluster.client
      .resource(Secret)
      .namespace('kube-system')
      .create({ metadata: { name: 's' } })
    const owner = ownedBy(elsewhere)
    await make(cluster, 'a', owner)
    await becomes(cluster, [])
    const events = await cluster.eventually('an event', async () => {
      const { items } = await cluster.client.resource(Event).namespace('default').list()
      return items.length > 0 && items
    })
    assert.equal(events[0]?.reason, 'OwnerRefInvalidNamespace')
    assert.equal(
      events[0]?.message,
      `ownerRef [v1/Secret, namespace: default, name: s, uid: ${owner.uid}] does not exist in namespace "default"`,
    )
  })

  it('leaves cluster-wide objects alone that name an owner with a namespace', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const owner = await make(cluster, 'a')
    const roles = cluster.client.resource(ClusterRole)
    await roles.create({ metadata: { name: 'r', ownerReferences: [ownedBy(owner)] }, rules: [] })
    await configMaps(cluster).delete('a')
    await cluster.advance(5 * 60_000)
    await roles.get('r')
  })

  it('collects kinds that arrive while it runs, and stops when they go', async () => {
    await using cluster = await startControllerCluster([garbageCollector])
    const kind: Resource = resourceFromDocument(widgets())
    await cluster.server.addResource(kind)
    await cluster.advance(40_000)
    const all = cluster.client.resource(kind).namespace('default')
    const create = (name: string, ownerReferences: readonly object[]) =>
      cluster.client.send({
        method: 'POST',
        path: '/apis/example.com/v1/namespaces/default/widgets',
        body: {
          apiVersion: 'example.com/v1',
          kind: 'Widget',
          metadata: { name, ownerReferences },
          spec: { size: 1 },
        },
      }) as Promise<KubeObject>
    const owner = await create('w', [])
    await make(cluster, 'a', ownedBy(owner))
    const other = await make(cluster, 'b')
    await create('x', [ownedBy(owner), ownedBy(other)])
    await cluster.advance(1_000)
    await all.delete('w')
    await becomes(cluster, ['b'])
    const kept = await cluster.eventually('the other owner stays', async () => {
      const { metadata } = must(await all.get('x'), 'x is there')
      return metadata.ownerReferences?.length === 1 && metadata.ownerReferences
    })
    assert.equal(kept[0]?.uid, other.metadata.uid)
    cluster.server.removeResource(kind)
    await cluster.advance(40_000)
    const before = cluster.calls(account).filter((call) => call.includes('widgets')).length
    await cluster.advance(10 * 60_000)
    const after = cluster.calls(account).filter((call) => call.includes('widgets')).length
    assert.equal(after, before)
    await assert.rejects(all.get('x'), (error) => hasReason(error, 'NotFound'))
  })
})
