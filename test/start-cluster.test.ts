import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ConfigMap, Namespace, Node } from '#api'
import { realClock } from '#base'
import { startCluster } from '#cluster'

test('a cluster starts with its system namespaces and its simulated nodes ready', async () => {
  await using cluster = await startCluster({ simulatedNodes: 2 })
  const namespaces = await cluster.client.resource(Namespace).list()
  assert.deepEqual(
    namespaces.items.map(({ metadata }) => metadata.name),
    ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
  )
  const nodes = await cluster.client.resource(Node).list()
  assert.equal(nodes.items.length, 2)
  for (const node of nodes.items) {
    assert.equal(node.status.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
    assert.equal(node.metadata.labels?.['k8ts.dev/simulated'], 'true')
    assert.deepEqual(node.spec.taints ?? [], [])
  }
})

test('clusters know nothing of each other', async () => {
  await using one = await startCluster({ apiOnly: true })
  await using other = await startCluster({ apiOnly: true })
  const configMap = { metadata: { name: 'mine' }, data: { a: 'b' } }
  await one.client.resource(ConfigMap).namespace('default').create(configMap)
  const seen = await other.client.resource(ConfigMap).namespace('default').list()
  assert.deepEqual(seen.items, [])
})

test('nothing is left behind after disposal', async () => {
  const before = process.getActiveResourcesInfo()
  {
    await using cluster = await startCluster({ simulatedNodes: 2, https: true })
    assert.match(cluster.kubeconfig, /https:\/\/127\.0\.0\.1:\d+/)
  }
  // A handle closes at the end of one turn of the event loop, and is off its list in the next.
  await realClock.yield()
  await realClock.yield()
  assert.deepEqual(process.getActiveResourcesInfo().sort(), before.sort())
})

test('what was not asked for says how to ask for it', async () => {
  await using cluster = await startCluster({ apiOnly: true })
  assert.throws(() => cluster.kubeconfig, /start it with https: true/)
  await assert.rejects(cluster.advance('1s'), /start it with virtualTime: true/)
  await assert.rejects(startCluster({ https: true, virtualTime: true }), /exclude each other/)
})

test('under virtual time the same seed gives the same names, times and revisions', async () => {
  const run = async () => {
    await using cluster = await startCluster({ simulatedNodes: 2, virtualTime: true, seed: 7 })
    const configMaps = cluster.client.resource(ConfigMap).namespace('default')
    await configMaps.create({ metadata: { generateName: 'c-' } })
    await cluster.advance('2m')
    const { items, metadata } = await configMaps.list()
    const nodes = await cluster.client.resource(Node).list()
    const seen = JSON.stringify([items, metadata, nodes.items])
    return createHash('sha256').update(seen).digest('hex')
  }
  assert.equal(await run(), await run())
})
