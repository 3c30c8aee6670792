import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench } from '../../testing/plugin.ts'
import { nodeAffinity } from './node-affinity.ts'

const mismatch = "node(s) didn't match Pod's node affinity/selector !"
const node = testNode('n', {
  metadata: { labels: { disk: 'ssd', zone: 'a', size: '8', empty: '' } },
})
const required = (...nodeSelectorTerms: unknown[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  },
})
const expressions = (...matchExpressions: unknown[]) => ({ matchExpressions })
const named = (operator: string, ...values: string[]) => ({
  matchFields: [{ key: 'metadata.name', operator, values }],
})

describe('NodeAffinity filters', () => {
  const rows: readonly (readonly [spec: Record<string, unknown>, fits: boolean])[] = [
    [{}, true],
    [{ nodeSelector: { disk: 'ssd' } }, true],
    [{ nodeSelector: { disk: 'ssd', zone: 'b' } }, false],
    [{ nodeSelector: { toString: 'x' } }, false],
    [required(expressions({ key: 'zone', operator: 'In', values: ['a', 'b'] })), true],
    [required(expressions({ key: 'zone', operator: 'In', values: ['b'] })), false],
    [required(expressions({ key: 'other', operator: 'NotIn', values: ['a'] })), true],
    [required(expressions({ key: 'zone', operator: 'NotIn', values: ['a'] })), false],
    [required(expressions({ key: 'empty', operator: 'Exists' })), true],
    [required(expressions({ key: 'zone', operator: 'DoesNotExist' })), false],
    [required(expressions({ key: 'size', operator: 'Gt', values: ['7'] })), true],
    [required(expressions({ key: 'size', operator: 'Lt', values: ['8'] })), false],
    [required(expressions({ key: 'disk', operator: 'Gt', values: ['7'] })), false],
    [
      required(
        expressions({ key: 'zone', operator: 'In', values: ['b'] }),
        expressions({ key: 'disk', operator: 'Exists' }),
      ),
      true,
    ],
    [required({}), false],
    [required(named('In', 'n')), true],
    [required(named('NotIn', 'n')), false],
    [
      {
        nodeSelector: { zone: 'b' },
        ...required(expressions({ key: 'disk', operator: 'Exists' })),
      },
      false,
    ],
  ]
  for (const [spec, fits] of rows) {
    it(`${fits ? 'in' : 'out'}: ${JSON.stringify(spec)}`, () => {
      const bench = new PluginBench(nodeAffinity, [node])
      const rejections = bench.rejections(testPodInfo('p', { spec }))
      assert.deepEqual(rejections, fits ? {} : { n: mismatch })
    })
  }

  it('names the only nodes that can pass', () => {
    const bench = new PluginBench(nodeAffinity, [node])
    const names = (spec: Record<string, unknown>) => {
      const filter = bench.plugin.preFilter?.(testPodInfo('p', { spec }))
      assert.ok(filter !== undefined && 'filter' in filter)
      return filter.nodeNames
    }
    assert.deepEqual(names(required(named('In', 'n'), named('In', 'm'))), new Set(['n', 'm']))
    assert.equal(names(required(named('In', 'n'), expressions())), undefined)
  })

  it('rejects names that exclude each other', () => {
    const twice = [named('In', 'n'), named('In', 'm')].flatMap(({ matchFields }) => matchFields)
    const bench = new PluginBench(nodeAffinity, [node])
    const pod = testPodInfo('p', { spec: required({ matchFields: twice }) })
    assert.deepEqual(bench.rejections(pod), { '*': 'pod affinity terms conflict !' })
  })
})

it('NodeAffinity scores preferred terms by weight', () => {
  const bench = new PluginBench(nodeAffinity, [
    testNode('both', { metadata: { labels: { disk: 'ssd', zone: 'a' } } }),
    testNode('one', { metadata: { labels: { disk: 'ssd' } } }),
    testNode('none'),
  ])
  const prefer = (weight: number, key: string) => ({
    weight,
    preference: expressions({ key, operator: 'Exists' }),
  })
  const preferred = [prefer(30, 'disk'), prefer(70, 'zone'), { weight: 5, preference: {} }]
  const spec = {
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
  }
  assert.deepEqual(bench.scores(testPodInfo('p', { spec })), { both: 100, one: 30, none: 0 })
  assert.equal(bench.scores(testPodInfo('p')), undefined)
})
