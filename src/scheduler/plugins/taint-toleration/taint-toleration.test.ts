import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench } from '../../testing/plugin.ts'
import { taintToleration } from './taint-toleration.ts'

const untolerated = 'node(s) had untolerated taint(s) !'
const taint = (key: string, value: string, effect: string) => ({ key, value, effect })

describe('TaintToleration filters', () => {
  const rows = [
    { taints: [], tolerations: [], out: false },
    { taints: [taint('a', '1', 'NoSchedule')], tolerations: [], out: true },
    { taints: [taint('a', '1', 'NoExecute')], tolerations: [], out: true },
    { taints: [taint('a', '1', 'PreferNoSchedule')], tolerations: [], out: false },
    {
      taints: [taint('a', '1', 'NoSchedule')],
      tolerations: [{ key: 'a', value: '1', effect: 'NoSchedule' }],
      out: false,
    },
    {
      taints: [taint('a', '1', 'NoSchedule')],
      tolerations: [{ key: 'a', operator: 'Equal', value: '2' }],
      out: true,
    },
    {
      taints: [taint('a', '1', 'NoSchedule')],
      tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }],
      out: true,
    },
    {
      taints: [taint('a', '1', 'NoSchedule'), taint('b', '', 'NoExecute')],
      tolerations: [{ operator: 'Exists' }],
      out: false,
    },
    {
      taints: [taint('a', '1', 'NoSchedule'), taint('b', '', 'NoExecute')],
      tolerations: [{ key: 'a', operator: 'Exists' }],
      out: true,
    },
    {
      taints: [taint('sla', '950', 'NoSchedule')],
      tolerations: [{ key: 'sla', operator: 'Gt', value: '900' }],
      out: false,
    },
    {
      taints: [taint('sla', '850', 'NoSchedule')],
      tolerations: [{ key: 'sla', operator: 'Gt', value: '900' }],
      out: true,
    },
    {
      taints: [taint('sla', '850', 'NoSchedule')],
      tolerations: [{ key: 'sla', operator: 'Lt', value: '900' }],
      out: false,
    },
    {
      taints: [taint('sla', 'high', 'NoSchedule')],
      tolerations: [{ key: 'sla', operator: 'Gt', value: '900' }],
      out: true,
    },
  ]
  for (const { taints, tolerations, out } of rows) {
    it(`${JSON.stringify(taints)} with ${JSON.stringify(tolerations)}`, () => {
      const bench = new PluginBench(taintToleration, [testNode('n', { spec: { taints } })])
      const pod = testPodInfo('p', { spec: { tolerations } })
      assert.deepEqual(bench.rejections(pod), out ? { n: untolerated } : {})
    })
  }
})

it('TaintToleration prefers nodes with fewer taints to avoid', () => {
  const avoid = (...keys: string[]) => keys.map((key) => taint(key, '', 'PreferNoSchedule'))
  const bench = new PluginBench(taintToleration, [
    testNode('none'),
    testNode('one', { spec: { taints: avoid('a') } }),
    testNode('two', { spec: { taints: avoid('a', 'b') } }),
    testNode('tolerated', { spec: { taints: avoid('mine') } }),
  ])
  const pod = testPodInfo('p', { spec: { tolerations: [{ key: 'mine', operator: 'Exists' }] } })
  assert.deepEqual(bench.scores(pod), { none: 100, one: 50, two: 0, tolerated: 100 })
})

it('TaintToleration judges a list of taints that came later', () => {
  const bench = new PluginBench(taintToleration, [testNode('n')])
  const pod = testPodInfo('p')
  const filter = bench.plugin.preFilter?.(pod)
  assert.ok(filter !== undefined && 'filter' in filter)
  const row = bench.table.rowOf('n') ?? -1
  assert.equal(filter.filter(row), undefined)
  bench.table.setNode(testNode('n', { spec: { taints: [taint('a', '', 'NoSchedule')] } }))
  assert.equal(filter.filter(row)?.message, 'node(s) had untolerated taint(s)')
})

it('TaintToleration does not mind taints that change without end', () => {
  const marked = (name: string, value: number) =>
    testNode(name, { spec: { taints: [taint('deletion-at', String(value), 'NoSchedule')] } })
  const bench = new PluginBench(taintToleration, [marked('marked', 0), testNode('plain')])
  const { taints } = bench.table
  const row = bench.table.rowOf('marked') ?? -1
  for (let value = 1; value < 1_000; value++) {
    bench.table.setNode(marked('marked', value))
    assert.equal(taints.lists[taints.sets[row] ?? -1]?.[0]?.value, String(value))
  }
  assert.ok(taints.lists.length < 300)
  assert.deepEqual(bench.rejections(testPodInfo('p')), { marked: untolerated })
})
