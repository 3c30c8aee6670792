import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment, type DeploymentInput } from '#api'
import { startCluster, type Cluster } from '#cluster'

const deployments = 100
const replicas = 30

/** Signs of life, events, and discovery, which is read every half minute. */
const regular = /resource="(leases|nodes|events|)"/

async function calls({ client }: Cluster): Promise<number> {
  const text = String(await client.document('/metrics'))
  let sum = 0
  for (const line of text.split('\n')) {
    if (!line.startsWith('apiserver_request_total{') || regular.test(line)) continue
    sum += Number(line.slice(line.lastIndexOf(' ')))
  }
  return sum
}

function deployment(name: string): DeploymentInput {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'web' }] },
      },
    },
  }
}

test('a hundred deployments at once settle with few calls for each pod, and then none', async () => {
  await using cluster = await startCluster({ simulatedNodes: 40, virtualTime: true, seed: 1 })
  const { client } = cluster
  await cluster.advance('10s')
  const before = await calls(cluster)
  const names = Array.from({ length: deployments }, (_, i) => `web-${i}`)
  await Promise.all(names.map((name) => client.resource(Deployment).create(deployment(name))))
  await cluster.advance('2m')
  const { items } = await client.resource(Deployment).namespace('default').list()
  for (const { metadata, status } of items) {
    assert.equal(status.availableReplicas, replicas, metadata.name ?? '')
  }
  const settled = await calls(cluster)
  // Created, bound, running: the rest are statuses of ReplicaSets and Deployments.
  const perPod = (settled - before) / (deployments * replicas)
  assert.ok(perPod < 6, `${perPod} calls for each pod`)
  await cluster.advance('5m')
  const idle = (await calls(cluster)) - settled
  // Informers begin their watches anew.
  assert.ok(idle < 100, `${idle} calls in five minutes in which nothing happened`)
})
