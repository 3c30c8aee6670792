import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import type { PodInfo } from '../../pod-info.ts'
import { testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench, type Occupied } from '../../testing/plugin.ts'
import { readAffinityArgs } from './args.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'

const noAffinity = "node(s) didn't match pod affinity rules !"
const antiAffinity = "node(s) didn't match pod anti-affinity rules"
const othersAntiAffinity = "node(s) didn't satisfy existing pods anti-affinity rules"
const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

const pod = (name: string, app: string, affinity: object = {}, namespace = 'default') =>
  testPodInfo(name, { metadata: { namespace, labels: { app } }, spec: { affinity } })

function node(name: string, zone: string | undefined, ...pods: PodInfo[]): Occupied {
  const labels = { host: name, ...(zone === undefined ? {} : { zone }) }
  return { node: testNode(name, { metadata: { labels } }), pods }
}

const term = (app: string, topologyKey = 'zone', more: object = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
})
const withs = (...terms: object[]) => ({ podAffinity: { [required]: terms } })
const without = (...terms: object[]) => ({ podAntiAffinity: { [required]: terms } })

describe('InterPodAffinity filters', () => {
  const rows: readonly {
    readonly name: string
    readonly nodes: readonly Occupied[]
    readonly pod: PodInfo
    readonly rejections: Record<string, string>
  }[] = [
    {
      name: 'all but the domains of the pods it wants to be with',
      nodes: [node('a', 'east', pod('x', 'db')), node('b', 'east'), node('c', 'west')],
      pod: pod('p', 'web', withs(term('db'))),
      rejections: { c: noAffinity },
    },
    {
      name: 'everything where there are none, unless it is one of them itself',
      nodes: [node('a', 'east')],
      pod: pod('p', 'web', withs(term('db'))),
      rejections: { a: noAffinity },
    },
    {
      name: 'nothing for the first of its sort, but nodes without the label',
      nodes: [node('a', 'east'), node('b', undefined)],
      pod: pod('p', 'web', withs(term('web'))),
      rejections: { b: noAffinity },
    },
    {
      name: 'pods that only some terms mean',
      nodes: [node('a', 'east', pod('x', 'db'), pod('y', 'cache')), node('b', 'west')],
      pod: pod('p', 'web', withs(term('db'), term('cache'))),
      rejections: { a: noAffinity, b: noAffinity },
    },
    {
      name: 'domains of pods it does not want to be with',
      nodes: [node('a', 'east', pod('x', 'db')), node('b', 'east'), node('c', 'west')],
      pod: pod('p', 'web', without(term('db'))),
      rejections: { a: antiAffinity, b: antiAffinity },
    },
    {
      name: 'domains of pods that do not want to be with it',
      nodes: [node('a', 'east', pod('x', 'db', without(term('web')))), node('b', 'east')],
      pod: pod('p', 'web'),
      rejections: { a: othersAntiAffinity, b: othersAntiAffinity },
    },
    {
      name: 'not by pods of other namespaces',
      nodes: [node('a', 'east', pod('x', 'db', {}, 'other'))],
      pod: pod('p', 'web', without(term('db'))),
      rejections: {},
    },
    {
      name: 'by those of namespaces it names',
      nodes: [node('a', 'east', pod('x', 'db', {}, 'other'))],
      pod: pod('p', 'web', without(term('db', 'zone', { namespaces: ['other'] }))),
      rejections: { a: antiAffinity },
    },
    {
      name: 'by those of all namespaces where the selector is empty',
      nodes: [node('a', 'east', pod('x', 'db', {}, 'other'))],
      pod: pod('p', 'web', without(term('db', 'zone', { namespaceSelector: {} }))),
      rejections: { a: antiAffinity },
    },
  ]
  for (const { name, nodes, pod, rejections } of rows) {
    it(name, () => {
      const bench = new PluginBench(interPodAffinity, nodes)
      assert.deepEqual(bench.rejections(pod), rejections)
    })
  }

  it('by the labels that namespaces have now, both ways', () => {
    const ofTeam = { namespaceSelector: { matchLabels: { team: 'one' } } }
    const unwilling = pod('y', 'queue', without(term('web', 'zone', ofTeam)), 'third')
    const bench = new PluginBench(interPodAffinity, [
      node('a', 'east', pod('x', 'db', {}, 'other')),
      node('b', 'west', unwilling),
    ])
    const asked = bench.asking(pod('p', 'web', without(term('db', 'zone', ofTeam))))
    assert.deepEqual(asked.rejections(), {})
    bench.objects.setNamespace('other', { team: 'one' })
    assert.deepEqual(asked.rejections(), { a: antiAffinity })
    bench.objects.setNamespace('default', { team: 'one' })
    assert.deepEqual(asked.rejections(), { a: antiAffinity, b: othersAntiAffinity })
    bench.objects.removeNamespace('other')
    assert.deepEqual(asked.rejections(), { b: othersAntiAffinity })
  })
})

describe('InterPodAffinity scores', () => {
  const prefer = (weight: number, podAffinityTerm: object) => ({ weight, podAffinityTerm })
  const nodes = [
    node('a', 'east', pod('x', 'db'), pod('y', 'db')),
    node('b', 'west', pod('z', 'noise')),
    node('c', undefined),
  ]

  it('what it prefers, for and against', () => {
    const bench = new PluginBench(interPodAffinity, nodes)
    const affinity = {
      podAffinity: { [preferred]: [prefer(10, term('db'))] },
      podAntiAffinity: { [preferred]: [prefer(20, term('noise'))] },
    }
    // 20, -20 and 0.
    assert.deepEqual(bench.scores(pod('p', 'web', affinity)), { a: 100, b: 0, c: 50 })
    assert.equal(bench.scores(pod('p', 'web')), undefined)
  })

  it('what the pods there prefer, and where they must be together with it', () => {
    const fond = pod('v', 'v', { podAffinity: { [preferred]: [prefer(4, term('web'))] } })
    const averse = pod('w', 'w', { podAntiAffinity: { [preferred]: [prefer(4, term('web'))] } })
    const bound = pod('u', 'u', withs(term('web')))
    const more = [
      ...nodes,
      node('d', 'north', fond),
      node('e', 'south', averse),
      node('f', 'f', bound),
    ]
    const bench = new PluginBench(interPodAffinity, more)
    const expected = { a: 50, b: 50, c: 50, d: 100, e: 0, f: 62 }
    assert.deepEqual(bench.scores(pod('p', 'web')), expected)
    const indifferent = new PluginBench(interPodAffinity, more, { hardPodAffinityWeight: 0 })
    assert.equal(indifferent.scores(pod('p', 'web'))?.['f'], 50)
    const deaf = { ignorePreferredTermsOfExistingPods: true }
    const selfish = new PluginBench(interPodAffinity, more, deaf)
    assert.equal(selfish.scores(pod('p', 'web')), undefined)
  })
})

describe('InterPodAffinity may change its mind', () => {
  const bench = new PluginBench(interPodAffinity, [])
  const helps = (waiting: PodInfo, event: ClusterEvent) => bench.helps(waiting, event)
  const comes = (waiting: PodInfo, after: PodInfo) =>
    helps(waiting, { resource: 'AssignedPod', action: 'Add', before: undefined, after })
  const goes = (waiting: PodInfo, before: PodInfo) =>
    helps(waiting, { resource: 'AssignedPod', action: 'Delete', before, after: undefined })

  it('when a pod comes that is wanted', () => {
    const waiting = pod('p', 'web', withs(term('db')))
    assert.equal(comes(waiting, pod('x', 'db')), true)
    assert.equal(comes(waiting, pod('x', 'other')), false)
  })

  it('when one goes that is unwanted, or does not want it', () => {
    assert.equal(goes(pod('p', 'web', without(term('db'))), pod('x', 'db')), true)
    assert.equal(goes(pod('p', 'web', without(term('db'))), pod('x', 'other')), false)
    assert.equal(goes(pod('p', 'web'), pod('x', 'db', without(term('web')))), true)
    assert.equal(comes(pod('p', 'web', without(term('db'))), pod('x', 'db')), false)
  })

  it('when a node gets into a domain', () => {
    const waiting = pod('p', 'web', withs(term('db')))
    const ofNode = (
      action: 'Add' | 'UpdateNodeLabel',
      before: Occupied | undefined,
      after: Occupied,
    ) => helps(waiting, { resource: 'Node', action, before: before?.node, after: after.node })
    assert.equal(ofNode('Add', undefined, node('a', 'east')), true)
    assert.equal(ofNode('Add', undefined, node('a', undefined)), false)
    assert.equal(ofNode('UpdateNodeLabel', node('a', undefined), node('a', 'east')), true)
    assert.equal(ofNode('UpdateNodeLabel', node('a', 'east'), node('a', 'east')), false)
  })
})

it('InterPodAffinityArgs are checked', () => {
  assert.throws(() => readAffinityArgs(7), /an object/)
  assert.throws(() => readAffinityArgs({ hardPodAffinityWeight: 101 }), /from 0 to 100/)
  assert.throws(
    () => readAffinityArgs({ ignorePreferredTermsOfExistingPods: 'no' }),
    /true or false/,
  )
})
