import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench, type Occupied } from '../../testing/plugin.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import { readSpreadArgs } from './args.ts'
import { podTopologySpread } from './pod-topology-spread.ts'

const skewed = "node(s) didn't match pod topology spread constraints"
const unlabelled = `${skewed} (missing required label) !`

const labels = { app: 'web' }
const web = (
  name: string,
  spec: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
) => testPodInfo(name, { metadata: { labels, ...more }, spec })

/** A node of a zone, with so many web pods. */
function node(name: string, zone: string | undefined, pods: number): Occupied {
  const zoned = zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }
  return {
    node: testNode(name, { metadata: { labels: { ...zoned, 'kubernetes.io/hostname': name } } }),
    pods: Array.from({ length: pods }, (_, i) => web(`${name}-${i}`)),
  }
}

const spread = (...constraints: Record<string, unknown>[]) => ({
  topologySpreadConstraints: constraints.map((constraint) => ({
    topologyKey: 'topology.kubernetes.io/zone',
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: labels },
    ...constraint,
  })),
})

describe('PodTopologySpread filters', () => {
  const rows: readonly {
    readonly name: string
    readonly nodes: readonly Occupied[]
    readonly spec: Record<string, unknown>
    readonly rejections: Record<string, string>
  }[] = [
    {
      name: 'a domain that would have too many',
      nodes: [node('a', 'east', 1), node('b', 'east', 0), node('c', 'west', 0)],
      spec: spread({}),
      rejections: { a: skewed, b: skewed },
    },
    {
      name: 'nothing that is within the skew',
      nodes: [node('a', 'east', 1), node('c', 'west', 0)],
      spec: spread({ maxSkew: 2 }),
      rejections: {},
    },
    {
      name: 'nodes without the label, which are no domain',
      nodes: [node('a', 'east', 1), node('b', undefined, 0)],
      spec: spread({}),
      rejections: { b: unlabelled },
    },
    {
      name: 'all but as many domains as there must be at least, from none',
      nodes: [node('a', 'east', 1), node('b', 'west', 1)],
      spec: spread({ minDomains: 3 }),
      rejections: { a: skewed, b: skewed },
    },
    {
      name: 'each constraint by itself',
      nodes: [node('a', 'east', 0), node('b', 'east', 1), node('c', 'west', 1)],
      spec: spread({ maxSkew: 2 }, { topologyKey: 'kubernetes.io/hostname' }),
      rejections: { b: skewed, c: skewed },
    },
    {
      name: 'not by domains that the node selector excludes',
      nodes: [node('a', 'east', 1), node('b', 'west', 0)],
      spec: { ...spread({}), nodeSelector: { 'kubernetes.io/hostname': 'a' } },
      rejections: {},
    },
    {
      name: 'by those as well where it asks for them',
      nodes: [node('a', 'east', 1), node('b', 'west', 0)],
      spec: {
        ...spread({ nodeAffinityPolicy: 'Ignore' }),
        nodeSelector: { 'kubernetes.io/hostname': 'a' },
      },
      rejections: { a: skewed },
    },
    {
      name: 'not by a selector that selects nothing',
      nodes: [node('a', 'east', 5), node('b', 'west', 0)],
      spec: spread({ labelSelector: undefined }),
      rejections: {},
    },
  ]
  for (const { name, nodes, spec, rejections } of rows) {
    it(name, () => {
      const bench = new PluginBench(podTopologySpread, nodes)
      assert.deepEqual(bench.rejections(web('p', spec)), rejections)
    })
  }

  it('domains by their taints only where it is asked to', () => {
    const tainted = testNode('b', {
      metadata: { labels: { 'topology.kubernetes.io/zone': 'west' } },
      spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] },
    })
    const bench = new PluginBench(podTopologySpread, [node('a', 'east', 1), tainted])
    assert.deepEqual(bench.rejections(web('p', spread({}))), { a: skewed })
    const honoring = spread({ nodeTaintsPolicy: 'Honor' })
    assert.deepEqual(bench.rejections(web('p', honoring)), {})
    const tolerations = [{ key: 'k', operator: 'Exists' }]
    assert.deepEqual(bench.rejections(web('p', { ...honoring, tolerations })), { a: skewed })
  })

  it('among pods with the same values of matchLabelKeys', () => {
    const old = { ...labels, hash: 'old' }
    const bench = new PluginBench(podTopologySpread, [
      { ...node('a', 'east', 0), pods: [web('x', {}, { labels: old })] },
      node('b', 'west', 0),
    ])
    const spec = spread({ matchLabelKeys: ['hash'] })
    assert.deepEqual(bench.rejections(web('p', spec, { labels: old })), { a: skewed })
    const young = { ...labels, hash: 'new' }
    assert.deepEqual(bench.rejections(web('p', spec, { labels: young })), {})
  })

  it('without pods that are on their way out, or of other namespaces', () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z'
    const pods = [web('x', {}, { deletionTimestamp }), web('y', {}, { namespace: 'other' })]
    const bench = new PluginBench(podTopologySpread, [
      { ...node('a', 'east', 0), pods },
      node('b', 'west', 0),
    ])
    assert.deepEqual(bench.rejections(web('p', spread({}))), {})
  })
})

describe('PodTopologySpread scores', () => {
  it('emptier domains higher', () => {
    const nodes = [node('a', 'east', 2), node('b', 'east', 0), node('c', 'west', 1)]
    const bench = new PluginBench(podTopologySpread, nodes)
    const soft = spread({ whenUnsatisfiable: 'ScheduleAnyway' })
    // Two pods in one zone and one in the other, times log(2 + 2), rounded: 3, 3 and 1.
    assert.deepEqual(bench.scores(web('p', soft)), { a: 33, b: 33, c: 100 })
    assert.equal(bench.scores(web('p', spread({}))), undefined)
  })

  it('nodes without a label 0', () => {
    const nodes = [node('a', 'east', 2), node('b', undefined, 0)]
    const bench = new PluginBench(podTopologySpread, nodes)
    const soft = spread({ whenUnsatisfiable: 'ScheduleAnyway' })
    assert.deepEqual(bench.scores(web('p', soft)), { a: 100, b: 0 })
  })

  it('by its defaults, where a Service or a controller selects the pod', () => {
    const nodes = [node('a', undefined, 1), node('b', undefined, 0), node('c', 'west', 0)]
    const bench = new PluginBench(podTopologySpread, nodes)
    const { objects } = bench
    const pod = bench.asking(web('p'))
    assert.equal(pod.scores(), undefined)
    objects.setService('default', 'web', { app: 'web' })
    // Hosts weigh log(5), and the node in a zone has the skew of two constraints against it.
    assert.deepEqual(pod.scores(), { a: 66, b: 100, c: 33 })
    objects.setService('default', 'web', { app: 'other' })
    assert.equal(pod.scores(), undefined)

    const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', controller: true }
    const owned = bench.asking(web('q', {}, { ownerReferences: [{ ...controller, uid: 'u' }] }))
    assert.equal(owned.scores(), undefined)
    const set = { ...controller, namespace: 'default' }
    objects.setController(set, { matchLabels: labels })
    assert.equal(owned.scores()?.['b'], 100)
    objects.removeController(set)
    assert.equal(owned.scores(), undefined)
  })
})

describe('PodTopologySpread may change its mind', () => {
  const bench = new PluginBench(podTopologySpread, [])
  const waiting = web('p', spread({}))
  const helps = (event: ClusterEvent) => bench.helps(waiting, event)
  const pod = (
    before: ReturnType<typeof web> | undefined,
    after: typeof before,
    action: 'Add' | 'Delete' | 'UpdatePodLabel',
  ) => helps({ resource: 'AssignedPod', action, before, after })
  const { node: east } = node('a', 'east', 0)
  const { node: bare } = node('a', undefined, 0)

  it('when a pod that counts comes, goes or changes its labels', () => {
    assert.equal(pod(undefined, web('x'), 'Add'), true)
    assert.equal(pod(web('x'), undefined, 'Delete'), true)
    const other = web('x', {}, { labels: { app: 'other' } })
    assert.equal(pod(web('x'), other, 'UpdatePodLabel'), true)
    assert.equal(pod(undefined, other, 'Add'), false)
    assert.equal(pod(undefined, web('x', {}, { namespace: 'other' }), 'Add'), false)
  })

  it('when a node becomes one of a domain, or leaves it', () => {
    const ofNode = (
      action: 'Add' | 'Delete' | 'UpdateNodeLabel',
      before: typeof east | undefined,
      after: typeof east,
    ) => helps({ resource: 'Node', action, before, after })
    assert.equal(ofNode('Add', undefined, east), true)
    assert.equal(ofNode('Add', undefined, bare), false)
    assert.equal(ofNode('Delete', east, east), true)
    assert.equal(ofNode('Delete', bare, bare), false)
    assert.equal(ofNode('UpdateNodeLabel', bare, east), true)
    assert.equal(ofNode('UpdateNodeLabel', east, east), false)
  })
})

describe('PodTopologySpreadArgs', () => {
  const rows: readonly (readonly [args: unknown, problem: RegExp])[] = [
    [7, /an object/],
    [{ defaultingType: 'Some' }, /no defaulting type: "Some"/],
    [{ defaultConstraints: {} }, /is a list/],
    [{ defaultConstraints: [{}] }, /need defaultingType List/],
    [{ defaultingType: 'List', defaultConstraints: [{ maxSkew: 0 }] }, /maxSkew/],
    [{ defaultingType: 'List', defaultConstraints: [{ maxSkew: 1 }] }, /topologyKey/],
    [
      { defaultingType: 'List', defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone' }] },
      /whenUnsatisfiable cannot be undefined/,
    ],
  ]
  for (const [args, problem] of rows) {
    it(`refuses ${JSON.stringify(args)}`, () => {
      assert.throws(() => readSpreadArgs(args), { name: 'TypeError', message: problem })
    })
  }

  it('may have hard defaults', () => {
    const zone = 'topology.kubernetes.io/zone'
    const args = {
      defaultingType: 'List',
      defaultConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }],
    }
    const nodes = [node('a', 'east', 1), node('b', 'west', 0)]
    const bench = new PluginBench(podTopologySpread, nodes, args)
    assert.deepEqual(bench.rejections(web('p')), {})
    bench.objects.setService('default', 'web', labels)
    assert.deepEqual(bench.rejections(web('p')), { a: skewed })
  })
})
