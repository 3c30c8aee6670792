import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ReplicationController } from '#api'
import { startControllerCluster } from './harness.ts'
import { named, podsOf, podTemplate, prepareNamespace, report } from './workloads.ts'

it('a ReplicationController keeps its pods as a ReplicaSet does', async () => {
  await using cluster = await startControllerCluster(named('replicationcontroller-controller'))
  await prepareNamespace(cluster)
  const controllers = cluster.client.resource(ReplicationController).namespace('default')
  await controllers.create({
    metadata: { name: 'web' },
    spec: { replicas: 3, template: podTemplate('web') },
  })
  await cluster.clock.settle()
  const pods = await podsOf(cluster, 'app=web')
  assert.equal(pods.length, 3)
  const [owner] = pods[0]?.metadata.ownerReferences ?? []
  assert.deepEqual(
    [owner?.apiVersion, owner?.kind, owner?.name],
    ['v1', 'ReplicationController', 'web'],
  )
  await report(cluster, pods)
  assert.deepEqual((await controllers.get('web')).status, {
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    observedGeneration: 1,
  })
  await controllers.patch('web', { type: 'merge', patch: { spec: { replicas: 1 } } })
  await cluster.clock.settle()
  assert.equal((await podsOf(cluster, 'app=web')).length, 1)
  const { length } = cluster.calls('replication-controller')
  await cluster.advance(3_600_000)
  assert.equal(cluster.calls('replication-controller').length, length)
})
