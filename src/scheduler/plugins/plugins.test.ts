import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testNode, testPodInfo } from '../testing/objects.ts'
import { PluginBench, testHandle } from '../testing/plugin.ts'
import { defaultBinder } from './default-binder/default-binder.ts'
import { nodeName } from './node-name/node-name.ts'
import { nodeUnschedulable } from './node-unschedulable/node-unschedulable.ts'
import { prioritySort } from './priority-sort/priority-sort.ts'
import { schedulingGates } from './scheduling-gates/scheduling-gates.ts'

it('NodeUnschedulable keeps pods from cordoned nodes, unless they tolerate it', () => {
  const bench = new PluginBench(nodeUnschedulable, [
    testNode('open'),
    testNode('cordoned', { spec: { unschedulable: true } }),
  ])
  assert.deepEqual(bench.rejections(testPodInfo('p')), { cordoned: 'node(s) were unschedulable !' })
  const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }]
  assert.deepEqual(bench.rejections(testPodInfo('p', { spec: { tolerations } })), {})
})

it('NodeName keeps a pod that names its node from all others', () => {
  const bench = new PluginBench(nodeName, [testNode('a'), testNode('b')])
  assert.deepEqual(bench.rejections(testPodInfo('p')), {})
  assert.deepEqual(bench.rejections(testPodInfo('p', { spec: { nodeName: 'a' } })), {
    b: "node(s) didn't match the requested node name !",
  })
})

it('SchedulingGates names the gates a pod waits for', () => {
  const plugin = schedulingGates()
  assert.equal(plugin.preEnqueue?.(testPodInfo('p')), undefined)
  const gated = testPodInfo('p', { spec: { schedulingGates: [{ name: 'a' }, { name: 'b' }] } })
  assert.equal(plugin.preEnqueue?.(gated)?.message, 'waiting for scheduling gates: [a b]')
})

describe('PrioritySort', () => {
  const waiting = (priority: number, sinceMs: number, sequence: number) => ({
    pod: testPodInfo('p', { spec: { priority } }),
    sinceMs,
    sequence,
  })
  const rows = [
    { name: 'higher priority', first: waiting(2, 9, 9), second: waiting(1, 0, 0) },
    { name: 'longer wait', first: waiting(1, 1, 9), second: waiting(1, 2, 0) },
    { name: 'order of coming', first: waiting(1, 1, 1), second: waiting(1, 1, 2) },
  ]
  for (const { name, first, second } of rows) {
    it(name, () => {
      const plugin = prioritySort()
      assert.equal(plugin.less?.(first, second), true)
      assert.equal(plugin.less?.(second, first), false)
    })
  }
})

it('DefaultBinder says what went wrong', async () => {
  const bind = async () => {
    throw new Error('Operation cannot be fulfilled')
  }
  const plugin = defaultBinder(testHandle({ bind }))
  const status = await plugin.bind?.(testPodInfo('p'), 'n')
  assert.ok(typeof status === 'object')
  assert.equal(status.code, 'Error')
  assert.equal(status.message, 'Operation cannot be fulfilled')
})
