import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DaemonSet, Node, Pod, type NodeInput, type PodInput } from '#api'
import { objectOf } from '../testing/objects.ts'
import { revisionHashLabel, targetNode, templateForNode, withTolerations } from './daemon-pod.ts'
import { FailedPods } from './failed-pods.ts'
import { fitOf } from './node-fit.ts'
import { nodeFits, placement, rollingStep, type DaemonState } from './plan.ts'

const containers = [{ name: 'main' }]

function daemonSet(maxUnavailable: number | string, maxSurge: number | string): DaemonSet {
  return objectOf(DaemonSet, {
    metadata: { name: 'agent', uid: 'agent' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { metadata: { labels: { app: 'agent' } }, spec: { containers } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } },
    },
  })
}

/** Written as hash, state (+ ready, - not ready, x deleted, ! failed) and an age rank: new+1. */
function pod(node: string, text: string): Pod {
  const [, hash = '', state = '', rank = ''] = /^(\w+?)([-+x!])(\d?)$/.exec(text) ?? []
  return objectOf(Pod, {
    metadata: {
      name: `${node}-${text}`,
      uid: `${node}-${text}`,
      labels: { [revisionHashLabel]: hash },
      creationTimestamp: `2026-01-01T00:00:0${rank || 0}Z`,
      ...(state === 'x' ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}),
    },
    spec: { nodeName: node, containers },
    status: {
      phase: state === '!' ? 'Failed' : 'Running',
      conditions: [{ type: 'Ready', status: state === '+' ? 'True' : 'False' }],
    },
  })
}

function stateOf(set: DaemonSet, nodes: Readonly<Record<string, readonly string[]>>): DaemonState {
  const pods = Object.entries(nodes).filter(([, texts]) => texts.length > 0)
  return {
    set,
    hash: 'new',
    nodes: Object.keys(nodes).map((name) => objectOf(Node, { metadata: { name } })),
    podsByNode: new Map(pods.map(([name, texts]) => [name, texts.map((text) => pod(name, text))])),
    nowMs: 0,
  }
}

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name)

describe('the placement of daemon pods', () => {
  const placed = (set: DaemonSet, nodes: Readonly<Record<string, readonly string[]>>) => {
    const state = stateOf(set, nodes)
    const { create, remove, ended } = placement(state, nodeFits(state))
    return { create, remove: names(remove), ended: names(ended) }
  }

  it('makes one where there is none, and keeps the oldest of several', () => {
    assert.deepEqual(placed(daemonSet(1, 0), { a: [], b: ['new+2', 'old+1'], c: ['newx'] }), {
      create: ['a'],
      remove: ['b-new+2'],
      ended: [],
    })
  })

  it('names pods that ended', () => {
    const { ended, create } = placed(daemonSet(1, 0), { a: ['new!'] })
    assert.deepEqual({ ended, create }, { ended: ['a-new!'], create: [] })
  })

  it('lets an old pod stay beside a new one while that is not available', () => {
    const set = daemonSet(0, 1)
    assert.deepEqual(placed(set, { a: ['old+1', 'new-2'] }).remove, [])
    assert.deepEqual(placed(set, { a: ['old+1', 'new+2'] }).remove, ['a-old+1'])
    assert.deepEqual(placed(set, { a: ['old-1', 'new-2'] }).remove, ['a-old-1'])
    assert.deepEqual(placed(set, { a: ['old+1', 'new-2', 'old+3'] }).remove, ['a-old+3'])
  })
})

describe('a rolling update of daemon pods', () => {
  const step = (set: DaemonSet, nodes: Readonly<Record<string, readonly string[]>>) => {
    const state = stateOf(set, nodes)
    const { create, remove } = rollingStep(state, nodeFits(state))
    return { create, remove: names(remove) }
  }

  it('takes as many as may be missing, those that do not work beyond that', () => {
    const nodes = { a: ['old+'], b: ['old+'], c: ['old-'], d: ['new+'] }
    assert.deepEqual(step(daemonSet(2, 0), nodes).remove, ['c-old-', 'a-old+'])
    assert.deepEqual(step(daemonSet(1, 0), nodes).remove, ['c-old-'])
    assert.deepEqual(step(daemonSet('75%', 0), nodes).remove, ['c-old-', 'a-old+', 'b-old+'])
  })

  it('counts what is on its way as missing', () => {
    assert.deepEqual(step(daemonSet(1, 0), { a: ['old+'], b: ['new-'] }).remove, [])
    assert.deepEqual(step(daemonSet(1, 0), { a: ['old+'], b: ['oldx'] }).remove, [])
  })

  it('makes as many new ones as may be double, then takes the old', () => {
    const nodes = { a: ['old+'], b: ['old+'], c: ['old-'] }
    assert.deepEqual(step(daemonSet(0, 1), nodes), { create: ['c', 'a'], remove: [] })
    const surging = { a: ['old+', 'new-'], b: ['old+'], c: ['old+', 'new+'] }
    assert.deepEqual(step(daemonSet(0, 1), surging), { create: [], remove: ['c-old+'] })
  })
})

describe('a node for a daemon pod', () => {
  const fit = (node: NodeInput, spec: Partial<PodInput['spec']> = {}) => {
    const { spec: podSpec } = objectOf(Pod, { metadata: {}, spec: { containers, ...spec } })
    const { run, keep } = fitOf(withTolerations(podSpec), objectOf(Node, node))
    return `${run ? 'run' : '-'} ${keep ? 'keep' : '-'}`
  }
  const named = (labels: Readonly<Record<string, string>> = {}) => ({
    metadata: { name: 'a', labels },
  })
  const tainted = (key: string, effect: 'NoExecute' | 'NoSchedule' | 'PreferNoSchedule') => ({
    ...named(),
    spec: { taints: [{ key, effect }] },
  })
  const required = (
    ...matchExpressions: { key: string; operator: 'Gt' | 'In'; values: string[] }[]
  ) => {
    const nodeSelectorTerms = [{ matchExpressions }]
    const selector = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } }
    return { affinity: { nodeAffinity: selector } }
  }

  it('has the name, labels and affinity that are asked for', () => {
    assert.equal(fit(named()), 'run keep')
    assert.equal(fit(named(), { nodeName: 'b' }), '- -')
    assert.equal(fit(named({ disk: 'ssd' }), { nodeSelector: { disk: 'ssd' } }), 'run keep')
    assert.equal(fit(named(), { nodeSelector: { disk: 'ssd' } }), '- -')
    const many = required({ key: 'cores', operator: 'Gt', values: ['4'] })
    assert.equal(fit(named({ cores: '8' }), many), 'run keep')
    assert.equal(fit(named({ cores: '2' }), many), '- -')
    assert.equal(fit(named(), required()), '- -')
  })

  it('has no taint that is not tolerated', () => {
    assert.equal(fit(tainted('mine', 'NoSchedule')), '- keep')
    assert.equal(fit(tainted('mine', 'NoExecute')), '- -')
    assert.equal(fit(tainted('mine', 'PreferNoSchedule')), 'run keep')
    assert.equal(fit(tainted('node.kubernetes.io/unreachable', 'NoExecute')), 'run keep')
    const network = tainted('node.kubernetes.io/network-unavailable', 'NoSchedule')
    assert.equal(fit(network), '- keep')
    assert.equal(fit(network, { hostNetwork: true }), 'run keep')
  })

  it('is named by the pod before the scheduler binds it', () => {
    const { template } = daemonSet(1, 0).spec
    const { spec } = templateForNode(template, 'a')
    assert.equal(targetNode({ ...pod('', 'new+'), spec }), 'a')
    assert.equal(targetNode(pod('b', 'new+')), 'b')
    assert.equal(targetNode({ ...pod('', 'new+'), spec: template.spec }), undefined)
  })
})

it('failed daemon pods are replaced later each time, until one ran for long', () => {
  const failed = new FailedPods()
  assert.equal(failed.waitMs('set', 'a', 0), 0)
  failed.replaced('set', 'a', 0)
  assert.equal(failed.waitMs('set', 'a', 400), 600)
  assert.equal(failed.waitMs('set', 'b', 400), 0)
  failed.replaced('set', 'a', 1_000)
  assert.equal(failed.waitMs('set', 'a', 1_000), 2_000)
  failed.replaced('set', 'a', 3_600_000)
  assert.equal(failed.waitMs('set', 'a', 3_600_000), 1_000)
  failed.forget('set')
  assert.equal(failed.waitMs('set', 'a', 3_600_000), 0)
})
