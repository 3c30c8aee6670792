import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import { requesting, testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench } from '../../testing/plugin.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'

const allocatable = (amounts: Record<string, string>) => ({ status: { allocatable: amounts } })
const asking = (name: string, requests: Record<string, string>) =>
  testPodInfo(name, { spec: requesting(requests) })

describe('NodeResourcesFit filters', () => {
  const node = testNode('n', allocatable({ cpu: '2', memory: '1Gi', pods: '3', 'x.io/gpu': '2' }))
  const used = asking('used', { cpu: '1500m', memory: '512Mi', 'x.io/gpu': '1' })
  const rows: readonly (readonly [Record<string, string>, string | undefined])[] = [
    [{}, undefined],
    [{ cpu: '500m', memory: '512Mi', 'x.io/gpu': '1' }, undefined],
    [{ cpu: '501m' }, 'Insufficient cpu'],
    [{ cpu: '501m', memory: '513Mi' }, 'Insufficient cpu, Insufficient memory'],
    [{ cpu: '3' }, 'Insufficient cpu !'],
    [{ 'x.io/gpu': '2' }, 'Insufficient x.io/gpu'],
    [{ 'x.io/other': '1' }, 'Insufficient x.io/other !'],
    [{ 'x.io/other': '0' }, undefined],
    [{ 'ephemeral-storage': '1' }, 'Insufficient ephemeral-storage !'],
  ]
  for (const [requests, reason] of rows) {
    it(`${JSON.stringify(requests)}: ${reason ?? 'fits'}`, () => {
      const bench = new PluginBench(nodeResourcesFit, [{ node, pods: [used] }])
      const rejections = bench.rejections(asking('p', requests))
      assert.deepEqual(rejections, reason === undefined ? {} : { n: reason })
    })
  }

  it('counts pods', () => {
    const full = testNode('n', allocatable({ cpu: '2', pods: '1' }))
    const bench = new PluginBench(nodeResourcesFit, [{ node: full, pods: [testPodInfo('a')] }])
    assert.deepEqual(bench.rejections(testPodInfo('p')), { n: 'Too many pods' })
    assert.deepEqual(bench.rejections(asking('p', { cpu: '3' })), {
      n: 'Too many pods, Insufficient cpu !',
    })
  })

  it('counts pods that asked for a resource before any node had it', () => {
    const bench = new PluginBench(nodeResourcesFit, [
      { node: testNode('n'), pods: [asking('early', { 'x.io/late': '1' })] },
    ])
    const late = allocatable({ cpu: '4', pods: '9', 'x.io/late': '1' })
    bench.table.setNode(testNode('n', late))
    assert.deepEqual(bench.rejections(asking('p', { 'x.io/late': '1' })), {
      n: 'Insufficient x.io/late',
    })
  })
})

describe('what a pod requests', () => {
  const container = (name: string, cpu: string, more: object = {}) => ({
    name,
    image: 'web',
    resources: { requests: { cpu } },
    ...more,
  })
  const rows = [
    {
      name: 'containers together',
      spec: { containers: [container('a', '1'), container('b', '2')] },
      milli: 3000,
    },
    {
      name: 'the largest init container',
      spec: {
        containers: [container('a', '1')],
        initContainers: [container('i', '5'), container('j', '4')],
      },
      milli: 5000,
    },
    {
      name: 'sidecars beside everything',
      spec: {
        containers: [container('a', '1')],
        initContainers: [container('s', '2', { restartPolicy: 'Always' }), container('i', '3')],
      },
      milli: 5000,
    },
    {
      name: 'overhead',
      spec: { containers: [container('a', '1')], overhead: { cpu: '250m' } },
      milli: 1250,
    },
    {
      name: 'the pod as a whole',
      spec: { containers: [container('a', '1')], resources: { requests: { cpu: '7' } } },
      milli: 7000,
    },
  ]
  for (const { name, spec, milli } of rows) {
    it(name, () => assert.equal(testPodInfo('p', { spec }).shape.requests.get('cpu'), milli))
  }

  it('the larger one while it is resized', () => {
    const status = (more: object) => ({
      containerStatuses: [
        {
          name: 'a',
          ready: true,
          restartCount: 0,
          image: '',
          imageID: '',
          resources: { requests: { cpu: '3' } },
        },
      ],
      ...more,
    })
    const cpu = (statusMore: object) =>
      testPodInfo('p', {
        spec: { containers: [container('a', '5')] },
        status: status(statusMore),
      }).shape.requests.get('cpu')
    assert.equal(cpu({}), 5000)
    const infeasible = [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }]
    assert.equal(cpu({ conditions: infeasible }), 3000)
  })
})

describe('NodeResourcesFit scores', () => {
  const nodes = [
    { node: testNode('empty', allocatable({ cpu: '4', memory: '4Gi', pods: '9' })) },
    {
      node: testNode('half', allocatable({ cpu: '4', memory: '4Gi', pods: '9' })),
      pods: [asking('x', { cpu: '2', memory: '2Gi' })],
    },
  ]
  const pod = asking('p', { cpu: '1', memory: '1Gi' })
  const strategy = (type: string, more: object = {}) => ({ scoringStrategy: { type, ...more } })

  it('what is left over, by default', () => {
    const bench = new PluginBench(nodeResourcesFit, nodes)
    assert.deepEqual(bench.scores(pod), { empty: 75, half: 25 })
  })
  it('what is taken', () => {
    const bench = new PluginBench(nodeResourcesFit, nodes, strategy('MostAllocated'))
    assert.deepEqual(bench.scores(pod), { empty: 25, half: 75 })
  })
  it('along a broken line', () => {
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 50, score: 10 },
      { utilization: 100, score: 0 },
    ]
    const args = strategy('RequestedToCapacityRatio', { requestedToCapacityRatio: { shape } })
    const bench = new PluginBench(nodeResourcesFit, nodes, args)
    assert.deepEqual(bench.scores(pod), { empty: 50, half: 50 })
  })
  it('counts a pod without requests as small', () => {
    const bench = new PluginBench(nodeResourcesFit, nodes)
    // 100m of 4 and 200Mi of 4Gi.
    assert.deepEqual(bench.scores(testPodInfo('p')), { empty: 96, half: 46 })
  })
  it('refuses arguments that it does not know', () => {
    assert.throws(() => new PluginBench(nodeResourcesFit, [], strategy('Best')), TypeError)
  })
})

describe('NodeResourcesFit is told', () => {
  const pod = asking('p', { cpu: '2' })
  const helps = (event: ClusterEvent) => {
    const { plugin } = new PluginBench(nodeResourcesFit, [])
    return (plugin.events ?? []).some(
      (hint) =>
        hint.resource === event.resource &&
        hint.actions.includes(event.action) &&
        hint.helps?.(pod, event) !== false,
    )
  }
  const node = (cpu: string) => testNode('n', allocatable({ cpu, pods: '9' }))
  const changed = (before: string, after: string): ClusterEvent => ({
    resource: 'Node',
    action: 'UpdateNodeAllocatable',
    before: node(before),
    after: node(after),
  })
  const added = (cpu: string): ClusterEvent => ({
    resource: 'Node',
    action: 'Add',
    before: undefined,
    after: node(cpu),
  })
  it('of nodes that are large enough', () => {
    assert.equal(helps(added('2')), true)
    assert.equal(helps(added('1')), false)
    assert.equal(helps(changed('2', '3')), true)
    assert.equal(helps(changed('3', '2')), false)
  })
  it('of pods that go or shrink', () => {
    const before = asking('x', { cpu: '2' })
    const event = (action: 'Delete' | 'UpdatePodScaleDown', after?: typeof before) =>
      ({ resource: 'AssignedPod', action, before, after }) as const
    assert.equal(helps(event('Delete')), true)
    assert.equal(helps(event('UpdatePodScaleDown', asking('x', { cpu: '1' }))), true)
    assert.equal(helps(event('UpdatePodScaleDown', asking('x', { cpu: '2' }))), false)
  })
})
