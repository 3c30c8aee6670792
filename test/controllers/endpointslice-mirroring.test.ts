import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Endpoints, EndpointSlice, Service } from '#api'
import { endpointSliceMirroringController } from '../../src/controllers/endpointslice-mirroring/controller.ts'
import { startControllerCluster } from './harness.ts'

async function start() {
  const cluster = await startControllerCluster([endpointSliceMirroringController])
  const { client } = cluster
  const account = 'endpointslicemirroring-controller'
  return {
    cluster,
    endpoints: client.resource(Endpoints).namespace('default'),
    services: client.resource(Service).namespace('default'),
    writes: () => cluster.calls(account).filter((call) => !call.startsWith('GET')),
    slices: async () => {
      const all = client.resource(EndpointSlice).namespace('default')
      const labelSelector = 'kubernetes.io/service-name=web'
      return (await all.list({ labelSelector })).items
    },
  }
}

const subsets = [
  {
    addresses: [{ ip: '192.0.2.1', hostname: 'one' }, { ip: 'fd00::1' }],
    notReadyAddresses: [{ ip: '192.0.2.2' }],
    ports: [{ name: 'http', port: 80 }],
  },
]

describe('endpointslice-mirroring-controller', () => {
  it('mirrors Endpoints of a service without a selector, by family', async () => {
    const { cluster, endpoints, services, slices, writes } = await start()
    await using _ = cluster
    await services.create({ metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } })
    await endpoints.create({
      metadata: { name: 'web', labels: { team: 'a' }, annotations: { note: 'x' } },
      subsets,
    })
    await cluster.advance(1_000)
    const found = (await slices()).toSorted((a, b) => (a.addressType < b.addressType ? -1 : 1))
    assert.deepEqual(
      found.map((slice) => slice.endpoints),
      [
        [
          { addresses: ['192.0.2.1'], conditions: { ready: true }, hostname: 'one' },
          { addresses: ['192.0.2.2'], conditions: { ready: false } },
        ],
        [{ addresses: ['fd00::1'], conditions: { ready: true } }],
      ],
    )
    const { metadata, ports } = found[0] ?? {}
    assert.deepEqual(ports, [{ name: 'http', port: 80, protocol: 'TCP' }])
    assert.deepEqual(metadata?.labels, {
      team: 'a',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    })
    assert.deepEqual(metadata?.annotations, { note: 'x' })
    assert.equal(metadata?.ownerReferences?.[0]?.kind, 'Endpoints')
    assert.equal(writes().length, 2)
    await cluster.advance(60_000)
    assert.equal(writes().length, 2)
  })

  it('follows changes, and takes slices away that mirror nothing', async () => {
    const { cluster, endpoints, services, slices } = await start()
    await using _ = cluster
    await endpoints.create({ metadata: { name: 'web' }, subsets })
    await cluster.advance(1_000)
    assert.deepEqual(await slices(), [])
    await services.create({ metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } })
    await cluster.advance(1_000)
    assert.equal((await slices()).length, 2)
    const patch = { subsets: [{ addresses: [{ ip: '192.0.2.9' }] }] }
    await endpoints.patch('web', { type: 'merge', patch })
    await cluster.advance(1_000)
    const [only, ...others] = await slices()
    assert.deepEqual(others, [])
    assert.deepEqual(only?.endpoints?.[0]?.addresses, ['192.0.2.9'])
    const skip = { metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } }
    await endpoints.patch('web', { type: 'merge', patch: skip })
    await cluster.advance(1_000)
    assert.deepEqual(await slices(), [])
  })

  it('leaves Endpoints alone whose slices are made otherwise', async () => {
    const { cluster, endpoints, services, writes } = await start()
    await using _ = cluster
    const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] }
    await services.create({ metadata: { name: 'web' }, spec })
    await endpoints.create({ metadata: { name: 'web' }, subsets })
    await cluster.advance(1_000)
    assert.deepEqual(writes(), [])
  })
})
