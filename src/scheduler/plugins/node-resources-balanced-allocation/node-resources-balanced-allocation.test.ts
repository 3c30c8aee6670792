import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requesting, testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench } from '../../testing/plugin.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts'

const asking = (name: string, cpu: string, memory: string) =>
  testPodInfo(name, { spec: requesting({ cpu, memory }) })
const node = (name: string) =>
  testNode(name, { status: { allocatable: { cpu: '10', memory: '10Gi', pods: '9' } } })

test('NodeResourcesBalancedAllocation prefers where the pod evens things out', () => {
  const bench = new PluginBench(nodeResourcesBalancedAllocation, [
    { node: node('even') },
    { node: node('cpu-heavy'), pods: [asking('x', '6', '2Gi')] },
    { node: node('memory-heavy'), pods: [asking('y', '2', '6Gi')] },
  ])
  // Without the pod: 100, 80, 80. With it: 90, 90, 70.
  assert.deepEqual(bench.scores(asking('p', '1', '3Gi')), {
    even: 70,
    'cpu-heavy': 80,
    'memory-heavy': 70,
  })
  assert.equal(bench.scores(testPodInfo('p')), undefined)
})
