import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClusterRole } from '#api'
import { controllers } from '#controllers'
import { startControllerCluster } from './harness.ts'

const tested = controllers().filter(({ name }) => name === 'clusterrole-aggregation-controller')
const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })

describe('aggregated ClusterRoles', () => {
  it('hold the rules of what they select, over several steps, and nothing else', async () => {
    await using cluster = await startControllerCluster(tested)
    const roles = cluster.client.resource(ClusterRole)
    const labels = { 'rbac.example.com/part': 'true' }
    await roles.create({
      metadata: { name: 'whole', labels: { 'rbac.example.com/whole': 'true' } },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] },
      rules: [rule('nodes')],
    })
    await roles.create({
      metadata: { name: 'more' },
      aggregationRule: {
        clusterRoleSelectors: [{ matchLabels: { 'rbac.example.com/whole': 'true' } }],
      },
      rules: [],
    })
    await roles.create({ metadata: { name: 'b', labels }, rules: [rule('pods'), rule('secrets')] })
    await roles.create({ metadata: { name: 'a', labels }, rules: [rule('secrets')] })
    await cluster.clock.settle()
    for (const name of ['whole', 'more']) {
      assert.deepEqual((await roles.get(name)).rules, [rule('secrets'), rule('pods')])
    }
    await roles.delete('b')
    await cluster.clock.settle()
    for (const name of ['whole', 'more']) {
      assert.deepEqual((await roles.get(name)).rules, [rule('secrets')])
    }
    const calls = cluster.calls('clusterrole-aggregation-controller').length
    await cluster.clock.advance(60_000)
    assert.equal(cluster.calls('clusterrole-aggregation-controller').length, calls)
  })
})
