import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node } from '#api'
import { seededRandom } from '#base'
import { fitErrorMessage } from './framework/diagnosis.ts'
import { Framework } from './framework/framework.ts'
import type { PluginFactory } from './framework/plugin.ts'
import { defaultProfile, type Profile } from './framework/profile.ts'
import { Status } from './framework/status.ts'
import { NodeTable } from './node-table/node-table.ts'
import type { PodInfo } from './pod-info.ts'
import { registry } from './plugins/registry.ts'
import { nodesToFind, Scheduling } from './schedule.ts'
import { requesting, testNode, testPodInfo } from './testing/objects.ts'
import { testHandle } from './testing/plugin.ts'

/** A scheduler's core over some nodes. */
class Core {
  readonly table = new NodeTable()
  readonly framework: Framework
  readonly scheduling: Scheduling
  readonly nominated = new Map<string, PodInfo[]>()

  constructor(
    nodes: readonly Node[],
    more: { profile?: Profile; plugins?: Record<string, PluginFactory>; seed?: number } = {},
  ) {
    for (const node of nodes) this.table.setNode(node)
    const plugins = { ...registry, ...more.plugins }
    const nominatedOn = (name: string) => this.nominated.get(name) ?? []
    const handle = testHandle({
      table: this.table,
      filter: (pod, row) => this.scheduling.filter(this.framework, pod, row, nominatedOn),
    })
    this.framework = new Framework(more.profile ?? defaultProfile, plugins, handle)
    this.scheduling = new Scheduling(this.table, seededRandom(more.seed ?? 1))
  }

  /** The node, or the message. */
  decide(pod: PodInfo): string {
    const nominatedOn = (name: string) => this.nominated.get(name) ?? []
    const decision = this.scheduling.decide(this.framework, pod, nominatedOn)
    if (decision.type === 'fits') return decision.nodeName
    if (decision.type !== 'unschedulable') return decision.type
    const { message } = this.framework.postFilter(pod, decision.diagnosis)
    return fitErrorMessage(decision.diagnosis, message)
  }

  place(pod: PodInfo): string {
    const nodeName = this.decide(pod)
    this.table.assume(pod, nodeName)
    return nodeName
  }
}

const asking = (name: string, cpu: string, more: object = {}) =>
  testPodInfo(name, { spec: { ...requesting({ cpu }), ...more } })
const sized = (name: string, cpu: string) =>
  testNode(name, { status: { allocatable: { cpu, memory: '8Gi', pods: '110' } } })
const noTaints = { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }
const notHelpful = (count: number, of: number) =>
  `preemption: 0/${of} nodes are available: ${count} Preemption is not helpful for scheduling.`

describe('a pod that fits nowhere', () => {
  const onName = (name: string) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] },
          ],
        },
      },
    },
  })
  const rows = [
    { name: 'no nodes', nodes: [], pod: asking('p', '1'), message: 'no nodes' },
    {
      name: 'reasons are counted and sorted',
      nodes: [sized('a', '1'), sized('b', '1'), testNode('c', noTaints)],
      pod: asking('p', '2'),
      message:
        '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. ' +
        notHelpful(3, 3),
    },
    {
      name: 'all reasons of a node count',
      nodes: [testNode('a', { status: { allocatable: { cpu: '1', pods: '0' } } })],
      pod: asking('p', '2'),
      message: '0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods. ' + notHelpful(1, 1),
    },
    {
      name: 'nodes that were not asked count too',
      nodes: [sized('a', '1'), sized('b', '4'), sized('c', '4')],
      pod: asking('p', '2', onName('a')),
      message:
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) " +
        `[NodeAffinity]. ${notHelpful(3, 3)}`,
    },
    {
      name: 'a node that is not there',
      nodes: [sized('a', '1')],
      pod: asking('p', '2', onName('gone')),
      message:
        "0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. " +
        notHelpful(1, 1),
    },
    {
      name: 'a pod that may not preempt',
      nodes: [sized('a', '1')],
      pod: asking('p', '2', { preemptionPolicy: 'Never' }),
      message:
        '0/1 nodes are available: 1 Insufficient cpu. ' +
        'preemption: not eligible due to preemptionPolicy=Never.',
    },
  ]
  for (const { name, nodes, pod, message } of rows) {
    it(name, () => assert.equal(new Core(nodes).decide(pod), message))
  }

  it('hears that preemption finds no victims where room was taken', () => {
    const core = new Core([sized('a', '2'), testNode('b', noTaints)])
    core.place(asking('first', '1500m'))
    assert.equal(
      core.decide(asking('second', '1')),
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). ' +
        'preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, ' +
        '1 Preemption is not helpful for scheduling.',
    )
  })

  it('hears what a plugin holds against the pod itself', () => {
    const status = new Status('Never', 'UnschedulableAndUnresolvable', 'not this one')
    const profile = { ...defaultProfile, plugins: [{ name: 'Never' }, ...defaultProfile.plugins] }
    const plugins = { Never: () => ({ name: 'Never', preFilter: () => status }) }
    const core = new Core([sized('a', '4')], { profile, plugins })
    assert.equal(
      core.decide(asking('p', '1')),
      `0/1 nodes are available: not this one. ${notHelpful(1, 1)}`,
    )
  })
})

describe('a decision', () => {
  it('sees nodes as they change', () => {
    const core = new Core([sized('a', '4')])
    const pod = asking('p', '1')
    assert.equal(core.decide(pod), 'a')
    core.table.setNode(testNode('a', { spec: { unschedulable: true } }))
    assert.match(core.decide(pod), /1 node\(s\) were unschedulable/)
    core.table.setNode(sized('b', '4'))
    assert.equal(core.decide(pod), 'b')
    core.table.removeNode('b')
    assert.match(core.decide(pod), /^0\/1 nodes/)
    core.table.setNode(sized('a', '4'))
    assert.equal(core.decide(pod), 'a')
  })

  it('spreads equal pods over equal nodes', () => {
    const core = new Core([sized('a', '4'), sized('b', '4'), sized('c', '4')])
    const counts = new Map<string, number>()
    for (let i = 0; i < 9; i++) {
      const node = core.place(asking(`p${i}`, '1'))
      counts.set(node, (counts.get(node) ?? 0) + 1)
    }
    assert.deepEqual(Object.fromEntries(counts), { a: 3, b: 3, c: 3 })
  })

  it('is the same with the same seed, and another with others', () => {
    const nodes = Array.from({ length: 300 }, (_, index) => sized(`n${index}`, '4'))
    const run = (seed: number) => {
      const core = new Core(nodes, { seed })
      return Array.from({ length: 50 }, (_, index) => core.place(asking(`p${index}`, '1'))).join()
    }
    assert.equal(run(7), run(7))
    assert.notEqual(run(7), run(8))
  })

  it('looks at other nodes each time in a large cluster', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => sized(`n${index}`, '4'))
    const core = new Core(nodes)
    const looked = nodesToFind(0, 1000)
    assert.equal(looked, 420)
    const first = Number(core.place(asking('p', '1')).slice(1))
    const second = Number(core.place(asking('q', '1')).slice(1))
    assert.ok(first < looked && second >= looked && second < 2 * looked)
  })

  it('keeps the room of pods that are nominated to a node', () => {
    const core = new Core([sized('a', '2'), sized('b', '1')])
    core.nominated.set('a', [asking('important', '2', { priority: 10 })])
    assert.equal(core.decide(asking('p', '1', { priority: 10 })), 'b')
    assert.match(core.decide(asking('p', '2', { priority: 10 })), /2 Insufficient cpu/)
    assert.equal(core.decide(asking('p', '2', { priority: 11 })), 'a')
    core.table.checkInvariants()
  })

  it('tries the node first that the pod is nominated to', () => {
    const core = new Core([sized('a', '8'), sized('b', '8')])
    const pod = (nominatedNodeName: string) =>
      testPodInfo('p', { spec: requesting({ cpu: '1' }), status: { nominatedNodeName } })
    assert.equal(core.decide(pod('a')), 'a')
    assert.equal(core.decide(pod('b')), 'b')
  })
})

describe('how many nodes are enough', () => {
  const rows = [
    [0, 50, 50],
    [0, 100, 100],
    [0, 500, 230],
    [0, 5_000, 500],
    [0, 10_000, 500],
    [30, 1_000, 300],
    [1, 1_000, 100],
    [100, 1_000, 1_000],
  ] as const
  for (const [percentage, nodes, enough] of rows) {
    it(`${percentage} % of ${nodes}`, () => assert.equal(nodesToFind(percentage, nodes), enough))
  }
})

describe('a profile', () => {
  const make = (plugins: Profile['plugins']) => () =>
    new Core([], { profile: { ...defaultProfile, plugins } })
  it('names plugins that there are', () => assert.throws(make([{ name: 'Nope' }]), TypeError))
  it('sorts the queue in one way', () => {
    assert.throws(make([{ name: 'DefaultBinder' }]), TypeError)
  })
  it('binds', () => assert.throws(make([{ name: 'PrioritySort' }]), TypeError))
})
