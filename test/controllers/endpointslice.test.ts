import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EndpointSlice, Pod, Service } from '#api'
import { formatTime, must } from '#base'
import { endpointSliceController } from '../../src/controllers/endpointslice/controller.ts'
import { startControllerCluster, type ControllerCluster } from './harness.ts'
import { ServicePods } from './service-pods.ts'

const account = 'endpointslice-controller'

async function start() {
  const cluster = await startControllerCluster([endpointSliceController])
  const pods = new ServicePods(cluster)
  await pods.prepare('node-1')
  return { cluster, pods }
}

async function slicesOf({ client }: ControllerCluster, service = 'web') {
  const labelSelector = `kubernetes.io/service-name=${service}`
  const slices = client.resource(EndpointSlice).namespace('default')
  return (await slices.list({ labelSelector })).items
}

/** Who is in the slices, with what is true of them. */
async function summary(cluster: ControllerCluster, service = 'web') {
  const slices = await slicesOf(cluster, service)
  return slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .map(({ addresses, conditions }) => {
      const { ready, serving, terminating } = conditions
      const is = [ready && 'ready', serving && 'serving', terminating && 'terminating']
      return `${(addresses ?? []).join()} ${is.filter((each) => each !== false).join()}`
    })
    .sort()
}

function writes(cluster: ControllerCluster): readonly string[] {
  return cluster
    .calls(account)
    .filter((call) => !call.startsWith('GET'))
    .map((call) => call.split(' ')[0] ?? '')
}

describe('endpointslice-controller', () => {
  it('tells of a service without pods by an empty slice', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    const service = await pods.service('web')
    await cluster.advance(1_000)
    const [slice, ...others] = await slicesOf(cluster)
    assert.deepEqual(others, [])
    assert.match(slice?.metadata.name ?? '', /^web-/)
    assert.deepEqual([slice?.endpoints, slice?.ports, slice?.addressType], [[], [], 'IPv4'])
    assert.deepEqual(slice?.metadata.labels, {
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'kubernetes.io/service-name': 'web',
    })
    assert.deepEqual(slice?.metadata.ownerReferences, [
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: 'web',
        uid: service.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ])
  })

  it('follows pods as they become ready, terminate and end', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web')
    await pods.pod('a', { ip: '10.0.0.1', ready: false, spec: { hostname: 'a', subdomain: 'web' } })
    await pods.pod('b', { ip: '10.0.0.2' })
    await pods.pod('no-address')
    await pods.pod('other', { ip: '10.0.0.3', labels: { app: 'db' } })
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), ['10.0.0.1 ', '10.0.0.2 ready,serving'])
    const [slice] = await slicesOf(cluster)
    const endpoint = slice?.endpoints?.find(({ hostname }) => hostname === 'a')
    assert.equal(endpoint?.nodeName, 'node-1')
    assert.equal(endpoint?.targetRef?.name, 'a')
    assert.deepEqual(slice?.ports, [{ name: '', port: 8080, protocol: 'TCP' }])

    await cluster.advance(5_000)
    const readyAt = formatTime(cluster.clock.now())
    await pods.report('a', { ip: '10.0.0.1', ready: true })
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), ['10.0.0.1 ready,serving', '10.0.0.2 ready,serving'])
    const trigger = 'endpoints.kubernetes.io/last-change-trigger-time'
    assert.equal((await slicesOf(cluster))[0]?.metadata.annotations?.[trigger], readyAt)

    await cluster.client.resource(Pod).namespace('default').delete('b')
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), [
      '10.0.0.1 ready,serving',
      '10.0.0.2 serving,terminating',
    ])
    await pods.report('a', { ip: '10.0.0.1', ready: false, phase: 'Failed' })
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), ['10.0.0.2 serving,terminating'])
  })

  it('writes once for what happens at once, and nothing when nothing changes', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web')
    await cluster.advance(1_000)
    await pods.pod('a', { ip: '10.0.0.1' })
    await cluster.advance(1_000)
    const before = writes(cluster)
    assert.deepEqual(before, ['POST', 'PUT'])
    const notes = { metadata: { annotations: { a: 'b' } } }
    const { client } = cluster
    await client.resource(Pod).namespace('default').patch('a', { type: 'merge', patch: notes })
    await client
      .resource(Service)
      .namespace('default')
      .patch('web', { type: 'merge', patch: notes })
    await cluster.advance(10 * 60_000)
    assert.deepEqual(writes(cluster), before)
  })

  it('makes a set of slices for each family', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web', { ipFamilyPolicy: 'RequireDualStack' })
    await pods.pod('a', { ip: '10.0.0.1' })
    await pods.pod('b', { ip: 'fd00::1' })
    await cluster.advance(1_000)
    const slices = await slicesOf(cluster)
    assert.deepEqual(
      slices
        .map(({ addressType, endpoints }) => `${addressType} ${endpoints?.[0]?.addresses?.join()}`)
        .sort(),
      ['IPv4 10.0.0.1', 'IPv6 fd00::1'],
    )
  })

  it('finds named ports, and keeps pods apart that serve others', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web', { ports: [{ name: 'http', port: 80, targetPort: 'web' }] })
    await pods.pod('a', { ip: '10.0.0.1' })
    const ports = [{ name: 'web', containerPort: 91 }]
    await pods.pod('b', {
      ip: '10.0.0.2',
      spec: { containers: [{ name: 'web', image: 'web', ports }] },
    })
    await cluster.advance(1_000)
    const slices = await slicesOf(cluster)
    assert.deepEqual(
      slices
        .map(({ ports, endpoints }) => `${endpoints?.[0]?.addresses?.[0]}:${ports?.[0]?.port}`)
        .sort(),
      ['10.0.0.1:90', '10.0.0.2:91'],
    )
  })

  it('publishes pods that are not ready where it is asked to, without an address too', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web', { clusterIP: 'None', publishNotReadyAddresses: true })
    await pods.pod('a', { ip: '10.0.0.1', ready: false })
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), ['10.0.0.1 ready'])
    const [slice] = await slicesOf(cluster)
    assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '')
  })

  it('waits for the node of a pod, and tells its zone', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web')
    await pods.pod('a', { ip: '10.0.0.1', spec: { nodeName: 'late' } })
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), [])
    await pods.node('late', { 'topology.kubernetes.io/zone': 'west' })
    await cluster.advance(1_000)
    assert.equal((await slicesOf(cluster))[0]?.endpoints?.[0]?.zone, 'west')
  })

  it('passes labels of the service on, and restores what others change', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    await pods.service('web')
    await cluster.advance(1_000)
    const patch = { metadata: { labels: { team: 'a' } } }
    const { client } = cluster
    await client.resource(Service).namespace('default').patch('web', { type: 'merge', patch })
    await cluster.advance(1_000)
    const [slice] = await slicesOf(cluster)
    assert.equal(slice?.metadata.labels?.['team'], 'a')
    const slices = client.resource(EndpointSlice).namespace('default')
    const { name = '' } = must(slice, 'there is a slice').metadata
    await slices.patch(name, { type: 'merge', patch: { endpoints: [{ addresses: ['1.2.3.4'] }] } })
    await cluster.advance(1_000)
    assert.deepEqual(await summary(cluster), [])
    await slices.delete(name)
    await cluster.advance(1_000)
    assert.equal((await slicesOf(cluster)).length, 1)
  })

  it('leaves services alone that select nothing', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    const { client } = cluster
    await client
      .resource(Service)
      .namespace('default')
      .create({
        metadata: { name: 'manual' },
        spec: { ports: [{ port: 80 }] },
      })
    await pods.service('away', { type: 'ExternalName', externalName: 'example.com' })
    await cluster.advance(1_000)
    assert.deepEqual(writes(cluster), [])
  })

  it('spreads many pods over slices', async () => {
    const { cluster, pods } = await start()
    await using _ = cluster
    for (let i = 0; i < 150; i++) await pods.pod(`p${i}`, { ip: `10.0.${i}.1` })
    await cluster.advance(1_000)
    await pods.service('web')
    await cluster.advance(1_000)
    const slices = await slicesOf(cluster)
    assert.deepEqual(slices.map(({ endpoints }) => String(endpoints?.length)).sort(), ['100', '50'])
    assert.deepEqual(writes(cluster), ['POST', 'POST'])
  })
})
