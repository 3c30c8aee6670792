import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatMicroTime, formatTime } from '#base'
import type { Lease, Node, NodeCondition } from '#api'
import { observe, type NodeHealth } from './health.ts'
import { labelChange } from './labels.ts'
import { noScheduleChange } from './no-schedule.ts'

const startMs = 1_767_225_600_000
const periods = { monitorGracePeriodMs: 50_000, startupGracePeriodMs: 60_000 }

function node(conditions?: readonly NodeCondition[], spec: Node['spec'] = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a', creationTimestamp: formatTime(startMs) },
    spec,
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        kernelVersion: '',
        osImage: '',
        containerRuntimeVersion: '',
        kubeletVersion: '',
        kubeProxyVersion: '',
        operatingSystem: '',
        architecture: '',
      },
      ...(conditions !== undefined && { conditions }),
    },
  }
}

const condition = (
  type: string,
  status: NodeCondition['status'],
  heartbeatMs = startMs,
): NodeCondition => ({
  type,
  status,
  lastHeartbeatTime: formatTime(heartbeatMs),
  lastTransitionTime: formatTime(startMs),
})

const ready = (status: NodeCondition['status'], heartbeatMs?: number) =>
  node([condition('Ready', status, heartbeatMs)])

const lease = (renewMs: number): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'a' },
  spec: { renewTime: formatMicroTime(renewMs) },
})

/** Elapsed time begins with the node. */
const at = (elapsedMs: number) => ({ nowMs: startMs + elapsedMs, elapsedMs })

describe('observe', () => {
  const known: NodeHealth = {
    ready: condition('Ready', 'True'),
    renewedAtMs: startMs,
    aliveAtMs: 0,
  }

  it('takes a heartbeat and a renewed lease for signs of life, and nothing else', () => {
    const look = (of: Node, leased: Lease | undefined) =>
      observe(of, leased, known, at(30_000), periods).health.aliveAtMs
    assert.equal(look(ready('True'), lease(startMs)), 0)
    assert.equal(look(ready('True'), undefined), 0)
    assert.equal(look(ready('True'), lease(startMs - 1_000)), 0)
    assert.equal(look(ready('True'), lease(startMs + 1_000)), 30_000)
    assert.equal(look(ready('True', startMs + 1_000), lease(startMs)), 30_000)
    assert.equal(look(node(), lease(startMs)), 30_000)
  })

  it('gives a node its grace, then finds it silent, once', () => {
    const late = observe(ready('True'), undefined, known, at(50_000), periods)
    assert.deepEqual([late.conditions, late.observed, late.current], [[], 'True', 'True'])
    const silent = observe(ready('True'), undefined, known, at(50_001), periods)
    assert.deepEqual([silent.observed, silent.current], ['True', 'Unknown'])
    assert.deepEqual(silent.conditions[0], {
      ...condition('Ready', 'Unknown'),
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: formatTime(startMs + 50_001),
    })
    const after = observe(
      node(silent.conditions),
      undefined,
      { ...silent.health, ready: silent.conditions[0] },
      at(55_000),
      periods,
    )
    assert.deepEqual([after.conditions, after.observed, after.current], [[], 'Unknown', 'Unknown'])
  })

  it('counts the start of a node from its creation, else from when it was first seen', () => {
    const mute = observe(node(), undefined, undefined, at(60_001), periods)
    assert.deepEqual([mute.observed, mute.current], ['Unknown', 'Unknown'])
    assert.equal(mute.conditions[0]?.reason, 'NodeStatusNeverUpdated')
    assert.equal(mute.conditions[0]?.lastHeartbeatTime, formatTime(startMs))
    const young = observe(node(), undefined, undefined, at(59_000), periods)
    assert.deepEqual([young.conditions, young.current], [[], undefined])
    const found = observe(ready('True'), undefined, undefined, at(900_000), periods)
    assert.deepEqual([found.conditions, found.health.aliveAtMs], [[], 900_000])
  })

  it('is not misled by a clock that is set', () => {
    const moment = { nowMs: startMs + 86_400_000, elapsedMs: 10_000 }
    assert.deepEqual(observe(ready('True'), undefined, known, moment, periods).conditions, [])
  })
})

describe('noScheduleChange', () => {
  const taint = (key: string, effect: 'NoSchedule' | 'NoExecute' = 'NoSchedule') => ({
    key: `node.kubernetes.io/${key}`,
    effect,
  })
  const cases: readonly [string, Node, add: readonly string[], remove: readonly string[]][] = [
    ['ready', ready('True'), [], []],
    ['not ready', ready('False'), ['not-ready'], []],
    ['unknown', ready('Unknown'), ['unreachable'], []],
    [
      'under pressure',
      node([condition('DiskPressure', 'True'), condition('PIDPressure', 'True')]),
      ['disk-pressure', 'pid-pressure'],
      [],
    ],
    ['pressure unknown', node([condition('MemoryPressure', 'Unknown')]), [], []],
    ['cordoned', node([], { unschedulable: true }), ['unschedulable'], []],
    [
      'back again',
      node([condition('Ready', 'True')], {
        taints: [taint('not-ready'), taint('not-ready', 'NoExecute'), taint('of-somebody')],
      }),
      [],
      ['not-ready'],
    ],
    [
      'tainted already',
      node([condition('Ready', 'False')], { taints: [taint('not-ready')] }),
      [],
      [],
    ],
  ]
  for (const [what, given, add, remove] of cases) {
    it(what, () => {
      const change = noScheduleChange(given)
      assert.deepEqual(
        change.add,
        add.map((key) => taint(key)),
      )
      assert.deepEqual(
        change.remove,
        remove.map((key) => taint(key)),
      )
    })
  }
})

describe('labelChange', () => {
  it('keeps the labels of old as those of today', () => {
    const labelled = (labels: Record<string, string>): Node => ({
      ...node(),
      metadata: { name: 'a', labels },
    })
    assert.equal(labelChange(labelled({})), undefined)
    assert.deepEqual(
      labelChange(labelled({ 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'other' })),
      { 'beta.kubernetes.io/os': 'linux' },
    )
    assert.equal(
      labelChange(labelled({ 'kubernetes.io/arch': 'arm64', 'beta.kubernetes.io/arch': 'arm64' })),
      undefined,
    )
  })
})
