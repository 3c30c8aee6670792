import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { seededRandom } from '#base'
import { Framework } from '../framework/framework.ts'
import { defaultProfile } from '../framework/profile.ts'
import type { PodInfo } from '../pod-info.ts'
import { registry } from '../plugins/registry.ts'
import { Scheduling } from '../schedule.ts'
import { requesting, testNode, testPodInfo } from '../testing/objects.ts'
import { NodeTable } from './node-table.ts'
import { testHandle } from '../testing/plugin.ts'

const nodeNames = ['a', 'b', 'c', 'd']
const podNames = Array.from({ length: 12 }, (_, index) => `p${index}`)
const cpus = ['1', '2', '4']

const step = fc.oneof(
  fc.record({
    type: fc.constant('setNode' as const),
    node: fc.constantFrom(...nodeNames),
    cpu: fc.constantFrom(...cpus),
  }),
  fc.record({ type: fc.constant('removeNode' as const), node: fc.constantFrom(...nodeNames) }),
  fc.record({
    type: fc.constantFrom('assume' as const, 'setPod' as const),
    node: fc.constantFrom(...nodeNames),
    pod: fc.constantFrom(...podNames),
    cpu: fc.constantFrom('100m', '700m', '3'),
    port: fc.constantFrom(0, 80),
  }),
  fc.record({
    type: fc.constantFrom('finish' as const, 'forget' as const, 'removePod' as const),
    pod: fc.constantFrom(...podNames),
  }),
  fc.record({
    type: fc.constant('decide' as const),
    pod: fc.constantFrom(...podNames),
    cpu: fc.constantFrom('100m', '700m', '3'),
  }),
)

/** What the table should hold, kept in the simplest way. */
class Model {
  readonly nodes = new Map<string, string>()
  readonly pods = new Map<string, { pod: PodInfo; node: string; assumed: boolean }>()

  /** A table that was told the end state alone. */
  rebuilt(): NodeTable {
    const table = new NodeTable()
    for (const [name, cpu] of this.nodes) table.setNode(nodeOf(name, cpu))
    for (const { pod, node } of this.pods.values()) table.setPod(pod, node)
    return table
  }
}

function nodeOf(name: string, cpu: string) {
  return testNode(name, { status: { allocatable: { cpu, memory: '8Gi', pods: '3' } } })
}

function podOf(name: string, cpu: string, port: number): PodInfo {
  const [container] = requesting({ cpu }).containers
  const ports = port === 0 ? [] : [{ containerPort: port, hostPort: port }]
  return testPodInfo(name, { spec: { containers: [{ ...Object(container), ports }] } })
}

/** Everything that can be read of the table, by node name. */
function read(table: NodeTable): unknown {
  const { resources, ports } = table
  const used = [{ ip: '0.0.0.0', protocol: 'TCP', port: 80 }]
  return Object.fromEntries(
    nodeNames.flatMap((name) => {
      const row = table.rowOf(name)
      if (row === undefined) return []
      const of = (resource: string) => {
        const column = resources.column(resource)
        return [column?.allocatable[row], column?.requested[row], column?.scoringRequested[row]]
      }
      const about = {
        cpu: of('cpu'),
        memory: of('memory'),
        pods: resources.podCounts[row],
        podsAllowed: resources.podsAllowed[row],
        port: ports.conflicts(row, used),
        names: [...table.pods(row)].map((pod) => pod.name).toSorted(),
      }
      return [[name, about]]
    }),
  )
}

describe('the node table', () => {
  it('is by increments what it would be rebuilt, and is never overcommitted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.nat(1000), (steps, seed) => {
        const table = new NodeTable()
        const framework = new Framework(defaultProfile, registry, testHandle({ table }))
        const scheduling = new Scheduling(table, seededRandom(seed))
        const model = new Model()
        for (const one of steps) {
          apply(one, table, model, framework, scheduling)
          table.checkInvariants()
          assert.deepEqual(read(table), read(model.rebuilt()))
          assert.equal(table.podCount, model.pods.size)
        }
      }),
      { numRuns: 150 },
    )
  })

  function apply(
    one: typeof step extends fc.Arbitrary<infer T> ? T : never,
    table: NodeTable,
    model: Model,
    framework: Framework,
    scheduling: Scheduling,
  ): void {
    switch (one.type) {
      case 'setNode':
        table.setNode(nodeOf(one.node, one.cpu))
        model.nodes.set(one.node, one.cpu)
        break
      case 'removeNode':
        table.removeNode(one.node)
        model.nodes.delete(one.node)
        break
      case 'setPod': {
        const pod = podOf(one.pod, one.cpu, one.port)
        table.setPod(pod, one.node)
        model.pods.set(one.pod, { pod, node: one.node, assumed: false })
        break
      }
      case 'assume': {
        if (model.pods.has(one.pod) || !model.nodes.has(one.node)) return
        const pod = podOf(one.pod, one.cpu, one.port)
        table.assume(pod, one.node)
        model.pods.set(one.pod, { pod, node: one.node, assumed: true })
        break
      }
      case 'finish':
        table.finishBinding(one.pod, 0)
        break
      case 'forget':
        table.forget(one.pod)
        if (model.pods.get(one.pod)?.assumed === true) model.pods.delete(one.pod)
        break
      case 'removePod':
        table.removePod(one.pod)
        model.pods.delete(one.pod)
        break
      case 'decide': {
        if (model.pods.has(one.pod)) return
        const pod = podOf(one.pod, one.cpu, 0)
        const decision = scheduling.decide(framework, pod, () => [])
        const fitting = [...model.nodes].filter(([name, cpu]) => hasRoom(model, name, cpu, pod))
        if (decision.type !== 'fits') {
          assert.deepEqual(fitting, [], 'what fits is found')
          return
        }
        const { nodeName } = decision
        assert.ok(
          fitting.some(([name]) => name === nodeName),
          'no node is overcommitted',
        )
        table.assume(pod, nodeName)
        model.pods.set(one.pod, { pod, node: nodeName, assumed: true })
        break
      }
    }
  }

  function hasRoom(model: Model, name: string, cpu: string, pod: PodInfo): boolean {
    const there = [...model.pods.values()].filter(({ node }) => node === name)
    const milli = (one: PodInfo) => one.shape.requests.get('cpu') ?? 0
    const used = there.reduce((sum, one) => sum + milli(one.pod), 0)
    return there.length < 3 && used + milli(pod) <= Number(cpu) * 1000
  }

  it('finds bindings that were never confirmed', () => {
    const table = new NodeTable()
    table.setNode(testNode('a'))
    table.assume(testPodInfo('early'), 'a')
    table.assume(testPodInfo('late'), 'a')
    table.assume(testPodInfo('open'), 'a')
    table.finishBinding('early', 10)
    table.finishBinding('late', 20)
    assert.deepEqual(
      table.unconfirmed(15).map(({ name }) => name),
      ['early'],
    )
    table.setPod(testPodInfo('early'), 'a')
    assert.deepEqual(table.unconfirmed(15), [])
    assert.equal(table.assumedCount, 2)
    assert.throws(() => table.assume(testPodInfo('late'), 'a'), { name: 'AssertionError' })
    assert.throws(() => table.assume(testPodInfo('x'), 'nowhere'), { name: 'AssertionError' })
  })

  it('tries zones by turns', () => {
    const table = new NodeTable()
    const inZone = (name: string, zone: string) =>
      testNode(name, { metadata: { labels: { 'topology.kubernetes.io/zone': zone } } })
    for (const name of ['a1', 'a2', 'a3']) table.setNode(inZone(name, 'a'))
    for (const name of ['b1', 'b2']) table.setNode(inZone(name, 'b'))
    const order = () => [...table.order].map((row) => table.nameOf(row))
    assert.deepEqual(order(), ['a1', 'b1', 'a2', 'b2', 'a3'])
    table.setNode(inZone('a1', 'c'))
    assert.deepEqual(order(), ['a1', 'a2', 'b1', 'a3', 'b2'])
    table.removeNode('b1')
    assert.deepEqual(order(), ['a1', 'a2', 'b2', 'a3'])
  })

  it('gives a row that is used again another version', () => {
    const table = new NodeTable()
    table.setNode(testNode('a'))
    const row = table.rowOf('a') ?? -1
    const version = table.nodeVersions[row]
    table.removeNode('a')
    table.setNode(testNode('b'))
    assert.equal(table.rowOf('b'), row)
    assert.notEqual(table.nodeVersions[row], version)
  })
})
