import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Event, Node } from '#api'
import { controllers, type ControllerOptions } from '#controllers'
import { startControllerCluster, type ControllerCluster } from './harness.ts'

const tested = (options: ControllerOptions) =>
  controllers(options).filter(({ name }) => name === 'node-ipam-controller')

async function ranges({ client }: ControllerCluster): Promise<Record<string, string>> {
  const { items } = await client.resource(Node).list()
  return Object.fromEntries(
    items.map(({ metadata, spec }) => {
      assert.equal(spec.podCIDR, spec.podCIDRs?.[0])
      return [metadata.name ?? '', (spec.podCIDRs ?? []).join()]
    }),
  )
}

describe('pod prefixes of nodes', () => {
  it('are one of each family, and respect what is there', async () => {
    await using cluster = await startControllerCluster(
      tested({ clusterCidrs: ['10.42.0.0/16', 'fd42::/56'], serviceCidrs: ['10.42.1.0/24'] }),
    )
    const nodes = cluster.client.resource(Node)
    await nodes.create({
      metadata: { name: 'old' },
      spec: { podCIDR: '10.42.0.0/24', podCIDRs: ['10.42.0.0/24', 'fd42:0:0:1::/64'] },
    })
    for (const name of ['a', 'b']) await nodes.create({ metadata: { name } })
    await cluster.clock.settle()
    assert.deepEqual(await ranges(cluster), {
      old: '10.42.0.0/24,fd42:0:0:1::/64',
      a: '10.42.2.0/24,fd42::/64',
      b: '10.42.3.0/24,fd42:0:0:2::/64',
    })
    const calls = cluster.calls('node-controller')
    assert.deepEqual(calls, ['PATCH /api/v1/nodes/a', 'PATCH /api/v1/nodes/b'])
  })

  it('run out, and go on when a node goes', async () => {
    await using cluster = await startControllerCluster(tested({ clusterCidrs: ['10.42.0.0/23'] }))
    const nodes = cluster.client.resource(Node)
    for (const name of ['a', 'b', 'c']) await nodes.create({ metadata: { name } })
    await cluster.clock.settle()
    assert.deepEqual(await ranges(cluster), { a: '10.42.0.0/24', b: '10.42.1.0/24', c: '' })
    const { items } = await cluster.client.resource(Event).list()
    assert.deepEqual(
      items.map(({ type, reason, message, source }) => [type, reason, message, source.component]),
      [['Normal', 'CIDRNotAvailable', 'Node c status is now: CIDRNotAvailable', 'cidrAllocator']],
    )
    await nodes.delete('a')
    await cluster.clock.settle()
    assert.deepEqual(await ranges(cluster), { b: '10.42.1.0/24', c: '10.42.0.0/24' })
  })

  it('are nobody’s where the cluster has no prefix', () => {
    assert.deepEqual(tested({}), [])
  })
})
