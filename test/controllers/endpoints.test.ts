import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Endpoints, Pod, Service } from '#api'
import { hasReason } from '#machinery'
import { endpointsController } from '../../src/controllers/endpoints/controller.ts'
import { startControllerCluster } from './harness.ts'
import { ServicePods } from './service-pods.ts'

async function start() {
  const cluster = await startControllerCluster([endpointsController])
  const pods = new ServicePods(cluster)
  await pods.prepare('node-1')
  const endpoints = cluster.client.resource(Endpoints).namespace('default')
  const writes = () =>
    cluster.calls('endpoint-controller').filter((call) => !call.startsWith('GET'))
  return { cluster, pods, endpoints, writes }
}

describe('endpoints-controller', () => {
  it('follows the pods of a service', async () => {
    const { cluster, pods, endpoints, writes } = await start()
    await using _ = cluster
    await pods.service('web')
    await cluster.advance(1_000)
    const empty = await endpoints.get('web')
    assert.equal(empty.subsets, undefined)
    assert.deepEqual(empty.metadata.labels, {
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    })
    await pods.pod('a', { ip: '10.0.0.1' })
    await pods.pod('b', { ip: '10.0.0.2', ready: false })
    await cluster.advance(1_000)
    const { subsets } = await endpoints.get('web')
    const reference = (name: string, uid: string | undefined) => ({
      kind: 'Pod',
      namespace: 'default',
      name,
      uid,
    })
    const all = cluster.client.resource(Pod).namespace('default')
    const [a, b] = [await all.get('a'), await all.get('b')]
    assert.deepEqual(subsets, [
      {
        addresses: [
          { ip: '10.0.0.1', nodeName: 'node-1', targetRef: reference('a', a.metadata.uid) },
        ],
        notReadyAddresses: [
          { ip: '10.0.0.2', nodeName: 'node-1', targetRef: reference('b', b.metadata.uid) },
        ],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ])
    const before = writes()
    await cluster.advance(10 * 60_000)
    assert.deepEqual(writes(), before)
  })

  it('deletes the Endpoints of a service that is gone, and makes deleted ones again', async () => {
    const { cluster, pods, endpoints } = await start()
    await using _ = cluster
    const service = await pods.service('web')
    await cluster.advance(1_000)
    const { metadata } = await endpoints.get('web')
    await endpoints.delete('web')
    await cluster.advance(1_000)
    assert.notEqual((await endpoints.get('web')).metadata.uid, metadata.uid)
    const { name = '' } = service.metadata
    await cluster.client.resource(Service).namespace('default').delete(name)
    await cluster.advance(1_000)
    await assert.rejects(endpoints.get('web'), (error) => hasReason(error, 'NotFound'))
  })

  it('leaves Endpoints alone that somebody else makes', async () => {
    const { cluster, endpoints, writes } = await start()
    await using _ = cluster
    await cluster.advance(1_000)
    await endpoints.create({ metadata: { name: 'mine' }, subsets: [] })
    await cluster.client
      .resource(Service)
      .namespace('default')
      .create({ metadata: { name: 'manual' }, spec: { ports: [{ port: 80 }] } })
    await cluster.advance(60_000)
    await endpoints.get('mine')
    assert.deepEqual(writes(), [])
  })

  it('holds a thousand addresses, and says that there are more', async () => {
    const { cluster, pods, endpoints } = await start()
    await using _ = cluster
    for (let i = 0; i < 1_001; i++) {
      await pods.pod(`p${i}`, { ip: `10.1.${Math.floor(i / 250)}.${i % 250}` })
    }
    await pods.service('web', { clusterIP: 'None' })
    await cluster.advance(1_000)
    const { metadata, subsets } = await endpoints.get('web')
    assert.equal(subsets?.[0]?.addresses?.length, 1_000)
    assert.equal(metadata.annotations?.['endpoints.kubernetes.io/over-capacity'], 'truncated')
    assert.equal(metadata.labels?.['service.kubernetes.io/headless'], '')
    await cluster.client.resource(Pod).namespace('default').delete('p7')
    await cluster.advance(1_000)
    const after = await endpoints.get('web')
    assert.equal(after.subsets?.[0]?.addresses?.length, 1_000)
    assert.equal(after.metadata.annotations?.['endpoints.kubernetes.io/over-capacity'], undefined)
  })
})
