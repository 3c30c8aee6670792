import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Node, Pod, ServiceAccount } from '#api'
import { controllers, type ControllerOptions } from '#controllers'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import { Kubelets } from './nodes.ts'

async function start(options: ControllerOptions = {}): Promise<ControllerCluster> {
  const tested = controllers(options).filter(
    ({ name }) => name === 'pod-garbage-collector-controller',
  )
  const cluster = await startControllerCluster(tested)
  const accounts = cluster.client.resource(ServiceAccount)
  await accounts.create({ metadata: { name: 'default', namespace: 'default' } })
  return cluster
}

async function names({ client }: ControllerCluster): Promise<readonly string[]> {
  const { items } = await client.resource(Pod).namespace('default').list()
  return items.map(({ metadata }) => metadata.name ?? '').sort()
}

describe('pods that nobody deletes', () => {
  it('whose node is gone go after a while, and say why as long as they are kept', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    const nodes = cluster.client.resource(Node)
    await kubelets.register('a')
    await kubelets.register('b')
    await kubelets.run('on-a', 'a')
    await kubelets.run('on-b', 'b')
    const pods = cluster.client.resource(Pod).namespace('default')
    await kubelets.run('kept', 'a')
    const finalizers = ['example.com/keep']
    await pods.patch('kept', { type: 'merge', patch: { metadata: { finalizers } } })
    await nodes.delete('a')
    await cluster.advance(40_000)
    assert.deepEqual(await names(cluster), ['kept', 'on-a', 'on-b'])
    await cluster.advance(25_000)
    assert.deepEqual(await names(cluster), ['kept', 'on-b'])
    const { status } = await pods.get('kept')
    assert.equal(status.phase, 'Failed')
    const target = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
    assert.deepEqual(
      [target?.status, target?.reason, target?.message],
      ['True', 'DeletionByPodGC', 'PodGC: node no longer exists'],
    )
    const calls = cluster.calls('pod-garbage-collector').length
    await cluster.advance(120_000)
    assert.ok(cluster.calls('pod-garbage-collector').length <= calls + 1)
  })

  it('whose node comes back in time stay', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    await kubelets.register('a')
    await kubelets.run('on-a', 'a')
    const nodes = cluster.client.resource(Node)
    await nodes.delete('a')
    await cluster.advance(30_000)
    await nodes.create({ metadata: { name: 'a' } })
    await cluster.advance(120_000)
    assert.deepEqual(await names(cluster), ['on-a'])
  })

  it('that are to go from a node out of service go at once', async () => {
    await using cluster = await start()
    const kubelets = new Kubelets(cluster)
    for (const name of ['a', 'b']) {
      await kubelets.register(name)
      await kubelets.run(`going-${name}`, name)
      await kubelets.run(`staying-${name}`, name)
      const pods = cluster.client.resource(Pod).namespace('default')
      await pods.delete(`going-${name}`)
      const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }]
      const nodes = cluster.client.resource(Node)
      await nodes.patch(name, { type: 'merge', patch: { spec: { taints } } })
    }
    await kubelets.post('a', 'False')
    await cluster.advance(20_000)
    assert.deepEqual(await names(cluster), ['going-b', 'staying-a', 'staying-b'])
  })

  it('that were never scheduled and are to go count as failed while they are kept', async () => {
    await using cluster = await start()
    const pods = cluster.client.resource(Pod).namespace('default')
    await pods.create({
      metadata: { name: 'waiting', finalizers: ['example.com/keep'] },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    await pods.delete('waiting')
    await cluster.advance(20_000)
    assert.equal((await pods.get('waiting')).status.phase, 'Failed')
  })

  it('that have ended go when there are too many, evicted ones and the oldest first', async () => {
    await using cluster = await start({ terminatedPodsMax: 2 })
    const kubelets = new Kubelets(cluster)
    await kubelets.register('a')
    const pods = cluster.client.resource(Pod).namespace('default')
    for (const [name, status] of [
      ['first', { phase: 'Succeeded' }],
      ['second', { phase: 'Failed' }],
      ['third', { phase: 'Succeeded' }],
      ['evicted', { phase: 'Failed', reason: 'Evicted' }],
      ['running', {}],
    ] as const) {
      await kubelets.run(name, 'a')
      await pods.subresource('status').patch(name, { type: 'merge', patch: { status } })
      await cluster.advance(1_000)
    }
    await cluster.advance(20_000)
    assert.deepEqual(await names(cluster), ['running', 'second', 'third'])
    const calls = cluster.calls('pod-garbage-collector').length
    await cluster.advance(300_000)
    assert.equal(cluster.calls('pod-garbage-collector').length, calls)
  })
})
