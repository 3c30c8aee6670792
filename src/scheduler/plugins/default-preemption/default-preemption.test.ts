import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { must, seededRandom } from '#base'
import { LabelSelector, selectorFromLabels } from '#machinery'
import { ClusterObjects } from '../../cluster-objects.ts'
import { fitErrorMessage } from '../../framework/diagnosis.ts'
import { Framework } from '../../framework/framework.ts'
import { defaultProfile } from '../../framework/profile.ts'
import { NodeTable } from '../../node-table/node-table.ts'
import type { PodInfo } from '../../pod-info.ts'
import { Scheduling } from '../../schedule.ts'
import { requesting, testNode, testPodInfo, type TestFields } from '../../testing/objects.ts'
import { testHandle } from '../../testing/plugin.ts'
import { registry } from '../registry.ts'
import { readPreemptionArgs } from './args.ts'

interface Asked {
  readonly cpu?: string
  readonly priority?: number
  readonly startTime?: string
  readonly app?: string
  readonly more?: TestFields
}

function pod(name: string, { cpu = '1', priority = 0, startTime, app, more = {} }: Asked = {}) {
  return testPodInfo(name, {
    metadata: { labels: app === undefined ? {} : { app }, ...more.metadata },
    spec: { priority, ...requesting({ cpu }), ...more.spec },
    status: { ...(startTime === undefined ? {} : { startTime }), ...more.status },
  })
}

/** The scheduler's core: nodes of 4 CPUs with these pods, by name. */
class Core {
  readonly table = new NodeTable()
  readonly objects = new ClusterObjects()
  readonly nominated = new Map<string, PodInfo[]>()
  readonly evicted = new Set<string>()
  nominatedNode = ''
  readonly #framework: Framework
  readonly #scheduling = new Scheduling(this.table, seededRandom(1))

  constructor(nodes: Readonly<Record<string, readonly PodInfo[]>>) {
    for (const [name, pods] of Object.entries(nodes)) {
      this.table.setNode(testNode(name, { metadata: { labels: { host: name } } }))
      for (const one of pods) this.table.setPod(one, name)
    }
    const handle = testHandle({
      table: this.table,
      objects: this.objects,
      filter: (one, row) => this.#scheduling.filter(this.#framework, one, row, this.#nominatedOn),
      nominatedNode: () => this.nominatedNode,
      isBeingEvicted: ({ uid }) => this.evicted.has(uid),
    })
    this.#framework = new Framework(defaultProfile, registry, handle)
  }

  /** `node: victims`, or what is said where nobody is evicted. */
  preempt(one: PodInfo): string {
    const decision = this.#scheduling.decide(this.#framework, one, this.#nominatedOn)
    assert.ok(decision.type === 'unschedulable', decision.type)
    const result = this.#framework.postFilter(one, decision.diagnosis)
    this.table.checkInvariants()
    if (result.victims === undefined) return fitErrorMessage(decision.diagnosis, result.message)
    const names = result.victims.map(({ name }) => name)
    return `${result.nominatedNodeName}: ${names.join(' ')}`
  }

  readonly #nominatedOn = (name: string) => this.nominated.get(name) ?? []
}

const important = pod('p', { cpu: '2', priority: 10 })

describe('DefaultPreemption', () => {
  const rows: readonly {
    readonly name: string
    readonly nodes: Readonly<Record<string, readonly PodInfo[]>>
    readonly pod?: PodInfo
    readonly result: string
  }[] = [
    {
      name: 'evicts as few as possible, the least important ones',
      nodes: {
        a: [
          pod('low', { priority: 1 }),
          pod('lower', { priority: 0 }),
          pod('lowest', { priority: -1 }),
          pod('equal', { priority: 10 }),
        ],
      },
      result: 'a: lower lowest',
    },
    {
      name: 'spares those that have lived longer',
      nodes: {
        a: [
          pod('young', { startTime: '2026-01-02T00:00:00Z', cpu: '2' }),
          pod('old', { startTime: '2026-01-01T00:00:00Z', cpu: '2' }),
        ],
      },
      result: 'a: young',
    },
    {
      name: 'prefers the node with the lowest highest priority',
      nodes: {
        a: [pod('x', { cpu: '4', priority: 2 })],
        b: [pod('y', { cpu: '3', priority: 1 }), pod('z', { priority: 1 })],
      },
      result: 'b: y',
    },
    {
      name: 'then the lowest sum of priorities, which is mostly the fewest',
      nodes: {
        a: [pod('x', { cpu: '2', priority: 1 }), pod('y', { cpu: '2', priority: 10 })],
        b: [
          pod('v', { priority: 1 }),
          pod('w', { priority: 1 }),
          pod('z', { cpu: '2', priority: 10 }),
        ],
      },
      result: 'a: x',
    },
    {
      name: 'then the one whose victims began last',
      nodes: {
        a: [pod('x', { cpu: '4', startTime: '2026-01-01T00:00:00Z' })],
        b: [pod('y', { cpu: '4', startTime: '2026-01-03T00:00:00Z' })],
        c: [pod('z', { cpu: '4', startTime: '2026-01-02T00:00:00Z' })],
      },
      result: 'b: y',
    },
    {
      name: 'makes no room where none would come of it',
      nodes: {
        a: [pod('equal', { cpu: '4', priority: 10 })],
        b: [pod('x'), pod('equal-2', { cpu: '3', priority: 10 })],
      },
      result:
        '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: ' +
        '1 Insufficient cpu, 1 No preemption victims found for incoming pod.',
    },
    {
      name: 'looks at no node that a pod can never fit',
      nodes: { a: [pod('x')] },
      pod: pod('p', { priority: 10, more: { spec: { nodeSelector: { host: 'b' } } } }),
      result:
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. " +
        'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    },
    {
      name: 'evicts nobody for a pod that may not preempt',
      nodes: { a: [pod('x', { cpu: '4' })] },
      pod: pod('p', { cpu: '2', priority: 10, more: { spec: { preemptionPolicy: 'Never' } } }),
      result:
        '0/1 nodes are available: 1 Insufficient cpu. ' +
        'preemption: not eligible due to preemptionPolicy=Never.',
    },
  ]
  for (const { name, nodes, pod: one = important, result } of rows) {
    it(name, () => assert.equal(new Core(nodes).preempt(one), result))
  }

  it('evicts those that do not want to be together with the pod', () => {
    const term = { topologyKey: 'host', labelSelector: { matchLabels: { app: 'web' } } }
    const required = 'requiredDuringSchedulingIgnoredDuringExecution'
    const affinity = { podAntiAffinity: { [required]: [term] } }
    const unwilling = pod('unwilling', { more: { spec: { affinity } } })
    const core = new Core({ a: [pod('other'), unwilling] })
    assert.equal(core.preempt(pod('p', { priority: 10, app: 'web' })), 'a: unwilling')
  })

  it('breaks as few disruption budgets as possible', () => {
    const nodes = {
      a: [pod('x', { cpu: '4', app: 'db' })],
      b: [pod('y', { cpu: '4', priority: 5 })],
    }
    const core = new Core(nodes)
    assert.equal(core.preempt(important), 'a: x')
    const budget = { selector: selectorFromLabels({ app: 'db' }), allowed: 0 }
    core.objects.setBudget('default', 'db', { ...budget, disrupted: new Set() })
    assert.equal(core.preempt(important), 'b: y')
    core.objects.setBudget('default', 'db', { ...budget, disrupted: new Set(['x']) })
    assert.equal(core.preempt(important), 'a: x')
    core.objects.setBudget('default', 'db', { ...budget, allowed: 1, disrupted: new Set() })
    assert.equal(core.preempt(important), 'a: x')
    const all = { selector: LabelSelector.everything, allowed: 0, disrupted: new Set<string>() }
    core.objects.setBudget('default', 'db', all)
    assert.equal(core.preempt(important), 'a: x')
  })

  it('on a node, spares those that a budget protects before others', () => {
    const protectedOne = pod('protected', { cpu: '2', priority: 1, app: 'db' })
    const core = new Core({ a: [protectedOne, pod('other', { cpu: '2', priority: 5 })] })
    assert.equal(core.preempt(important), 'a: protected')
    const selector = selectorFromLabels({ app: 'db' })
    core.objects.setBudget('default', 'db', { selector, allowed: 0, disrupted: new Set() })
    assert.equal(core.preempt(important), 'a: other')
  })

  it('waits for those who are going on account of the pod', () => {
    const message =
      '0/1 nodes are available: 1 Insufficient cpu. ' +
      'preemption: not eligible due to a terminating pod on the nominated node.'
    const core = new Core({ a: [pod('x', { cpu: '4' })] })
    core.nominatedNode = 'a'
    core.evicted.add('x')
    assert.equal(core.preempt(important), message)
    core.evicted.clear()
    assert.equal(core.preempt(important), 'a: x')
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }
    const going = pod('x', {
      cpu: '4',
      more: {
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
        status: { conditions: [condition] },
      },
    })
    core.table.setPod(going, 'a')
    assert.equal(core.preempt(important), message)
  })

  it('leaves their room to pods that are nominated and no less important', () => {
    const core = new Core({ a: [pod('x', { cpu: '2' }), pod('y', { cpu: '2' })] })
    core.nominated.set('a', [pod('nominated', { cpu: '2', priority: 20 })])
    assert.equal(core.preempt(important), 'a: x y')
  })

  it('finds an end in a large cluster', () => {
    const names = Array.from({ length: 500 }, (_, i) => `n${i}`)
    const nodes = Object.fromEntries(
      names.map((name, i) => [
        name,
        [pod(`on-${name}`, { cpu: '4', priority: i === 400 ? -5 : 0 })],
      ]),
    )
    // Node 400 is not among the first hundred candidates.
    assert.notEqual(new Core(nodes).preempt(important), 'n400: on-n400')
    const few = Object.fromEntries(
      names.slice(390, 410).map((name) => [name, must(nodes[name], '')]),
    )
    assert.equal(new Core(few).preempt(important), 'n400: on-n400')
  })
})

it('DefaultPreemptionArgs are checked', () => {
  assert.throws(() => readPreemptionArgs(7), /an object/)
  assert.throws(() => readPreemptionArgs({ minCandidateNodesPercentage: 101 }), /from 0 to 100/)
  assert.throws(() => readPreemptionArgs({ minCandidateNodesAbsolute: -1 }), /not below 0/)
  const none = { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }
  assert.throws(() => readPreemptionArgs(none), /both 0/)
})
