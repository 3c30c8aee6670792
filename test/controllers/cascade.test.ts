import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, Deployment, Namespace, Pod, ReplicaSet, ServiceAccount } from '#api'
import { controllers } from '#controllers'
import { hasReason } from '#machinery'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import { podTemplate, prepareNamespace } from './workloads.ts'

const together = controllers().filter(({ name }) =>
  [
    'deployment-controller',
    'replicaset-controller',
    'garbage-collector-controller',
    'namespace-controller',
    'serviceaccount-controller',
    'endpointslice-controller',
    'endpoints-controller',
    'disruption-controller',
  ].includes(name),
)

async function deploy(cluster: ControllerCluster, namespace: string): Promise<void> {
  const deployments = cluster.client.resource(Deployment).namespace(namespace)
  await deployments.create({
    metadata: { name: 'web' },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web') },
  })
  await cluster.eventually('there are pods', async () => {
    const counts = await counted(cluster, namespace)
    return counts.pods === 3
  })
  await cluster.advance(1_000)
}

async function counted({ client }: ControllerCluster, namespace: string) {
  const count = async (list: Promise<{ readonly items: readonly unknown[] }>) =>
    (await list).items.length
  return {
    deployments: await count(client.resource(Deployment).namespace(namespace).list()),
    replicaSets: await count(client.resource(ReplicaSet).namespace(namespace).list()),
    pods: await count(client.resource(Pod).namespace(namespace).list()),
  }
}

describe('what hangs together', () => {
  const rows = [
    { policy: 'Background', left: { deployments: 0, replicaSets: 0, pods: 0 } },
    { policy: 'Foreground', left: { deployments: 0, replicaSets: 0, pods: 0 } },
    { policy: 'Orphan', left: { deployments: 0, replicaSets: 1, pods: 3 } },
  ] as const
  for (const { policy, left } of rows) {
    it(`goes or stays with its Deployment: ${policy}`, async () => {
      await using cluster = await startControllerCluster(together)
      await prepareNamespace(cluster).catch((error: unknown) => {
        if (!hasReason(error, 'AlreadyExists')) throw error
      })
      await deploy(cluster, 'default')
      const deployments = cluster.client.resource(Deployment).namespace('default')
      await deployments.delete('web', { propagationPolicy: policy })
      await cluster.eventually('the rest is as wanted', async () => {
        return JSON.stringify(await counted(cluster, 'default')) === JSON.stringify(left)
      })
      await cluster.advance(60_000)
      assert.deepEqual(await counted(cluster, 'default'), left)
    })
  }

  it('goes with its namespace, however controllers would make it again', async () => {
    await using cluster = await startControllerCluster(together)
    const { client } = cluster
    await client.resource(Namespace).create({ metadata: { name: 'a' } })
    await cluster.eventually('there is an account', async () => {
      const { items } = await client.resource(ServiceAccount).namespace('a').list()
      return items.length > 0
    })
    await deploy(cluster, 'a')
    await client
      .resource(ConfigMap)
      .namespace('a')
      .create({ metadata: { name: 'c' } })
    const startedAt = cluster.clock.elapsed()
    await client.resource(Namespace).delete('a')
    await cluster.eventually('the namespace is gone', async () => {
      const { items } = await client.resource(Namespace).list()
      return items.every(({ metadata }) => metadata.name !== 'a')
    })
    assert.ok(cluster.clock.elapsed() - startedAt < 20_000)
    assert.deepEqual(await counted(cluster, 'a'), { deployments: 0, replicaSets: 0, pods: 0 })
  })
})
