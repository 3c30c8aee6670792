import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster } from 'k8ts'
import { Deployment } from 'k8ts/api'

test('pods of a node that dies are replaced after their toleration of five minutes', async () => {
  await using cluster = await startCluster({ simulatedNodes: 2, virtualTime: true, seed: 1 })
  const deployments = cluster.client.resource(Deployment).namespace('default')
  const labels = { app: 'web' }
  await deployments.create({
    metadata: { name: 'web' },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { 'simulation.k8ts.dev/ready-delay': '2s' } },
        spec: { containers: [{ name: 'main', image: 'web' }] },
      },
    },
  })
  const available = async () => (await deployments.get('web')).status.availableReplicas ?? 0
  await cluster.advance('1s')
  assert.equal(await available(), 0)
  await cluster.advance('10s')
  assert.equal(await available(), 4)
  cluster.nodes?.kill('simulated-0')
  await cluster.advance('2m')
  assert.equal(await available(), 2)
  await cluster.advance('10m')
  assert.equal(await available(), 4)
})
