import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster } from 'k8ts'
import { ConfigMap, Deployment, Pod } from 'k8ts/api'
import type { Client } from 'k8ts/client'

/** What is to be tested: gives each ConfigMap with a label a Deployment of that many replicas. */
async function reconcile(client: Client, namespace: string, name: string): Promise<void> {
  const source = await client.resource(ConfigMap).namespace(namespace).get(name)
  const labels = { app: name }
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: Number(source.data?.['replicas']),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'web' }] } },
    },
  }
  const deployments = client.resource(Deployment).namespace(namespace)
  await deployments.patch(name, { type: 'apply', object }, { fieldManager: 'example', force: true })
}

test('a config map becomes pods that run', async () => {
  await using cluster = await startCluster({ simulatedNodes: 3, virtualTime: true, seed: 1 })
  const { client } = cluster
  await client
    .resource(ConfigMap)
    .namespace('default')
    .create({ metadata: { name: 'web' }, data: { replicas: '3' } })
  await reconcile(client, 'default', 'web')
  await cluster.advance('10s')
  const { items } = await client.resource(Pod).namespace('default').list()
  assert.deepEqual(
    items.map(({ status }) => status.phase),
    ['Running', 'Running', 'Running'],
  )
})
