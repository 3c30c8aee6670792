import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Node, Pod, ServiceAccount } from '#api'
import { controllers } from '#controllers'
import { startControllerCluster } from './harness.ts'
import { Kubelets } from './nodes.ts'

const tested = controllers().filter(({ name }) => name === 'taint-eviction-controller')

describe('pods on a tainted node', () => {
  it('go when the shortest of their tolerations ends, whichever taint came first', async () => {
    await using cluster = await startControllerCluster(tested)
    const { client, clock } = cluster
    const accounts = client.resource(ServiceAccount)
    await accounts.create({ metadata: { name: 'default', namespace: 'default' } })
    const kubelets = new Kubelets(cluster)
    await kubelets.register('a')
    const taint = async (...keys: readonly string[]) => {
      const taints = keys.map((key) => ({ key, effect: 'NoExecute' }))
      await client.resource(Node).patch('a', { type: 'merge', patch: { spec: { taints } } })
      await clock.settle()
    }
    const left = async () => {
      const { items } = await client.resource(Pod).namespace('default').list()
      return items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name)
    }
    const tolerate = (key: string, tolerationSeconds?: number) => ({
      key,
      operator: 'Exists',
      ...(tolerationSeconds !== undefined && { tolerationSeconds, effect: 'NoExecute' }),
    })
    await kubelets.run('both', 'a', { tolerations: [tolerate('x', 100), tolerate('y', 30)] })
    await kubelets.run('ever', 'a', { tolerations: [tolerate('x'), tolerate('y')] })
    await kubelets.run('first', 'a', { tolerations: [tolerate('x', 100)] })
    await kubelets.run('none', 'a')
    await taint('x')
    assert.deepEqual(await left(), ['both', 'ever', 'first'])
    await cluster.advance(20_000)
    await taint('x', 'y')
    assert.deepEqual(await left(), ['both', 'ever'])
    await cluster.advance(9_000)
    assert.deepEqual(await left(), ['both', 'ever'])
    await cluster.advance(1_000)
    assert.deepEqual(await left(), ['ever'])

    await kubelets.run('late', 'a', { tolerations: [tolerate('x', 50), tolerate('y', 60)] })
    await cluster.advance(49_000)
    assert.deepEqual(await left(), ['ever', 'late'])
    await taint()
    await cluster.advance(60_000)
    assert.deepEqual(await left(), ['ever', 'late'])
    assert.deepEqual(await kubelets.events('late'), [
      'Normal | TaintManagerEviction | Cancelling deletion of Pod default/late | taint-eviction-controller',
    ])
  })
})
