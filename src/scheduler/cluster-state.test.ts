import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '#api'
import { ClusterState } from './cluster-state.ts'
import { Framework } from './framework/framework.ts'
import { defaultProfile } from './framework/profile.ts'
import { NodeTable } from './node-table/node-table.ts'
import { PodInfos } from './pod-info.ts'
import { registry } from './plugins/registry.ts'
import { SchedulingQueue } from './queue/scheduling-queue.ts'
import { requesting, testNode, testPod, type TestFields } from './testing/objects.ts'
import { testHandle } from './testing/plugin.ts'

/** What the scheduler knows, told of pods and nodes; time stands still. */
function open() {
  const table = new NodeTable()
  const framework = new Framework(defaultProfile, registry, testHandle({ table }))
  const queue = new SchedulingQueue(new Map([['default-scheduler', framework]]))
  const infos = new PodInfos()
  const isOurs = ({ spec }: Pod) => spec.schedulerName === 'default-scheduler'
  const state = new ClusterState(table, queue, infos, isOurs)
  /** Where a pod is: a place in the queue, a node, or nowhere. */
  const where = (name: string) => {
    const place = queue.get(name)?.place
    for (const row of table.order) {
      for (const pod of table.pods(row)) {
        if (pod.name === name) return place === undefined ? table.nameOf(row) : 'in two places'
      }
    }
    return place ?? 'nowhere'
  }
  /** The next pod is tried, and rejected. */
  const reject = (...plugins: string[]) => {
    const taken = queue.pop(0)
    assert.ok(taken !== undefined)
    queue.putBackUnschedulable(taken, taken.pod, new Set(plugins), 0)
  }
  return { table, queue, infos, state, where, reject }
}

const bound = (node: string, more: TestFields = {}) =>
  testPod('p', { ...more, spec: { nodeName: node, ...more.spec } })
const waiting = testPod('p')
const ended = testPod('p', { spec: { nodeName: 'a' }, status: { phase: 'Succeeded' } })

describe('a pod, as the API tells of it', () => {
  const rows: readonly {
    readonly name: string
    readonly versions: readonly Pod[]
    readonly where: string
  }[] = [
    { name: 'waits', versions: [waiting], where: 'active' },
    { name: 'has a node', versions: [bound('a')], where: 'a' },
    { name: 'got a node', versions: [waiting, bound('a')], where: 'a' },
    { name: 'ended', versions: [ended], where: 'nowhere' },
    { name: 'ended on its node', versions: [bound('a'), ended], where: 'nowhere' },
    {
      name: 'belongs to another scheduler',
      versions: [testPod('p', { spec: { schedulerName: 'other' } })],
      where: 'nowhere',
    },
    {
      name: 'of another scheduler takes room, too',
      versions: [bound('a', { spec: { schedulerName: 'other' } })],
      where: 'a',
    },
    {
      name: 'is gated, then not',
      versions: [testPod('p', { spec: { schedulingGates: [{ name: 'x' }] } }), waiting],
      where: 'active',
    },
    {
      name: 'is being deleted before it was seen',
      versions: [testPod('p', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
      where: 'nowhere',
    },
  ]
  for (const { name, versions, where } of rows) {
    it(name, () => {
      const world = open()
      world.state.nodeAdded(testNode('a'), 0)
      let old: Pod | undefined
      for (const version of versions) {
        if (old === undefined) world.state.podAdded(version, 0)
        else world.state.podUpdated(version, old, 0)
        old = version
        world.table.checkInvariants()
        world.queue.checkInvariants()
      }
      assert.equal(world.where('p'), where)
      if (old !== undefined) world.state.podDeleted(old, 0)
      assert.equal(world.where('p'), 'nowhere')
      assert.equal(world.table.podCount, 0)
    })
  }

  it('is confirmed where it was assumed, or where the API says', () => {
    for (const node of ['a', 'b']) {
      const world = open()
      world.state.nodeAdded(testNode('a'), 0)
      world.state.nodeAdded(testNode('b'), 0)
      world.state.podAdded(waiting, 0)
      world.queue.pop(0)
      world.table.assume(world.infos.of(waiting), 'a')
      world.state.podUpdated(testPod('p', { metadata: { labels: { new: 'label' } } }), waiting, 0)
      assert.equal(world.where('p'), 'a', 'an assumed pod does not come back by a change')
      world.state.podUpdated(bound(node), waiting, 0)
      assert.equal(world.where('p'), node)
      assert.equal(world.table.assumedCount, 0)
    }
  })

  it('leaves where it was assumed when it is deleted', () => {
    const world = open()
    world.state.nodeAdded(testNode('a'), 0)
    world.state.podAdded(waiting, 0)
    world.queue.pop(0)
    world.table.assume(world.infos.of(waiting), 'a')
    world.state.podDeleted(waiting, 0)
    assert.equal(world.table.podCount, 0)
  })
})

describe('a pod that fits nowhere comes back', () => {
  const node = (fields: TestFields) => testNode('a', fields)
  const plain = node({})
  const cordoned = node({ spec: { unschedulable: true } })
  const tainted = node({ spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } })
  const rows = [
    { by: 'NodeUnschedulable', from: cordoned, to: plain, back: true },
    { by: 'NodeUnschedulable', from: tainted, to: plain, back: false },
    { by: 'TaintToleration', from: tainted, to: plain, back: true },
    { by: 'TaintToleration', from: plain, to: tainted, back: false },
    { by: 'NodeAffinity', from: plain, to: node({ metadata: { labels: { a: 'b' } } }), back: true },
    { by: 'NodePorts', from: tainted, to: plain, back: false },
    {
      by: 'NodeResourcesFit',
      from: plain,
      to: node({ status: { allocatable: { cpu: '8', pods: '10' } } }),
      back: true,
    },
    {
      by: 'NodeResourcesFit',
      from: plain,
      to: node({ status: { conditions: [{ type: 'Ready', status: 'False' }] } }),
      back: false,
    },
  ]
  for (const { by, from, to, back } of rows) {
    const change = JSON.stringify([from.spec, to.spec])
    it(`${back ? '' : 'not '}rejected by ${by}, after ${change}`, () => {
      const world = open()
      world.state.nodeAdded(from, 0)
      world.state.podAdded(testPod('p', { spec: requesting({ cpu: '1' }) }), 0)
      world.reject(by)
      world.state.nodeUpdated(to, from, 0)
      assert.equal(world.where('p'), back ? 'backoff' : 'unschedulable')
    })
  }

  it('when a pod goes that took its room, ends, or shrinks', () => {
    const other = (more: TestFields = {}) =>
      testPod('x', { ...more, spec: { ...requesting({ cpu: '2' }), nodeName: 'a', ...more.spec } })
    const changes: readonly ((state: ClusterState) => void)[] = [
      (state) => state.podDeleted(other(), 0),
      (state) => state.podUpdated(other({ status: { phase: 'Failed' } }), other(), 0),
      (state) => state.podUpdated(other({ spec: requesting({ cpu: '1' }) }), other(), 0),
    ]
    for (const change of changes) {
      const world = open()
      world.state.nodeAdded(plain, 0)
      world.state.podAdded(other(), 0)
      world.state.podAdded(testPod('p', { spec: requesting({ cpu: '3' }) }), 0)
      world.reject('NodeResourcesFit')
      change(world.state)
      assert.equal(world.where('p'), 'backoff')
    }
  })

  it('when it tolerates more itself', () => {
    const world = open()
    world.state.nodeAdded(tainted, 0)
    world.state.podAdded(waiting, 0)
    world.reject('TaintToleration')
    const tolerant = testPod('p', { spec: { tolerations: [{ operator: 'Exists' }] } })
    world.state.podUpdated(tolerant, waiting, 0)
    assert.equal(world.where('p'), 'backoff')
  })
})
