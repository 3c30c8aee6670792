import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, Namespace, Pod, Secret, ServiceAccount } from '#api'
import { namespaceController } from '../../src/controllers/namespace/controller.ts'
import { hasReason } from '#machinery'
import { startControllerCluster, type ControllerCluster } from './harness.ts'

const web = { spec: { containers: [{ name: 'web', image: 'web' }] } }

async function gone(cluster: ControllerCluster, name: string): Promise<boolean> {
  try {
    await cluster.client.resource(Namespace).get(name)
    return false
  } catch (error) {
    if (hasReason(error, 'NotFound')) return true
    throw error
  }
}

describe('namespace-controller', () => {
  it('empties a namespace, pods first, and lets it go', async () => {
    await using cluster = await startControllerCluster([namespaceController])
    const { client } = cluster
    await client.resource(Namespace).create({ metadata: { name: 'a' } })
    const accounts = client.resource(ServiceAccount).namespace('a')
    await accounts.create({ metadata: { name: 'default' } })
    const pods = client.resource(Pod).namespace('a')
    const configMaps = client.resource(ConfigMap).namespace('a')
    await configMaps.create({ metadata: { name: 'settings' }, data: { a: 'b' } })
    await pods.create({ metadata: { name: 'web', finalizers: ['example.com/hold'] }, ...web })
    await client.resource(Namespace).delete('a')
    const held = await cluster.eventually('conditions tell what is held', async () => {
      const { status } = await client.resource(Namespace).get('a')
      const remaining = status.conditions?.find(({ type }) => type === 'NamespaceContentRemaining')
      return remaining?.status === 'True' && status.conditions
    })
    assert.deepEqual(
      held.map(({ type, status, reason, message }) => [type, status, reason, message]),
      [
        [
          'NamespaceDeletionDiscoveryFailure',
          'False',
          'ResourcesDiscovered',
          'All resources successfully discovered',
        ],
        [
          'NamespaceDeletionGroupVersionParsingFailure',
          'False',
          'ParsedGroupVersions',
          'All legacy kube types successfully parsed',
        ],
        [
          'NamespaceDeletionContentFailure',
          'False',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ],
        [
          'NamespaceContentRemaining',
          'True',
          'SomeResourcesRemain',
          'Some resources are remaining: pods. has 1 resource instances',
        ],
        [
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
        ],
      ],
    )
    assert.equal((await configMaps.get('settings')).data?.['a'], 'b')
    await pods.patch('web', { type: 'merge', patch: { metadata: { finalizers: null } } })
    await cluster.eventually('the namespace is gone', () => gone(cluster, 'a'))
    assert.deepEqual((await client.resource(ConfigMap).namespace('a').list()).items, [])
  })

  it('writes nothing while nothing changes', async () => {
    await using cluster = await startControllerCluster([namespaceController])
    const { client } = cluster
    await client.resource(Namespace).create({ metadata: { name: 'a' } })
    const secrets = client.resource(Secret).namespace('a')
    await secrets.create({ metadata: { name: 's', finalizers: ['example.com/hold'] } })
    await client.resource(Namespace).delete('a')
    await cluster.advance(60_000)
    const statusWrites = cluster
      .calls('namespace-controller')
      .filter((call) => call === 'PUT /api/v1/namespaces/a/status')
    assert.equal(statusWrites.length, 1)
    await secrets.patch('s', { type: 'merge', patch: { metadata: { finalizers: null } } })
    await cluster.eventually('the namespace is gone', () => gone(cluster, 'a'))
  })

  it('leaves a namespace alone that nobody deletes, and sweeps only what is gone', async () => {
    await using cluster = await startControllerCluster([namespaceController])
    const { client } = cluster
    await client.resource(Namespace).create({ metadata: { name: 'a' } })
    await client.resource(Namespace).delete('a')
    await cluster.eventually('the namespace is gone', () => gone(cluster, 'a'))
    await client.resource(Namespace).create({ metadata: { name: 'a' } })
    await client
      .resource(ConfigMap)
      .namespace('a')
      .create({ metadata: { name: 'c' } })
    await cluster.advance(60_000)
    await client.resource(ConfigMap).namespace('a').get('c')
  })
})
