import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod, PodDisruptionBudget, type PodDisruptionBudgetInput } from '#api'
import { formatTime } from '#base'
import { objectOf } from '../testing/objects.ts'
import {
  budgetStatus,
  demandOf,
  disruptedPods,
  failedStatus,
  healthyPods,
  needsScale,
} from './budget.ts'
import { disruptionTargetStaleInMs } from './stale-target.ts'

const nowMs = 1_767_225_600_000
const ago = (seconds: number) => formatTime(nowMs - seconds * 1000)

function budget(
  spec: PodDisruptionBudgetInput['spec'],
  status: PodDisruptionBudgetInput['status'] = {},
): PodDisruptionBudget {
  return objectOf(PodDisruptionBudget, { metadata: { name: 'b', generation: 3 }, spec, status })
}

function pod(name: string, more: { deletionTimestamp?: string; ready?: boolean } = {}): Pod {
  const { ready = true, ...metadata } = more
  return objectOf(Pod, {
    metadata: { name, ...metadata },
    spec: { containers: [{ name: 'c' }] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  })
}

describe('the demand of a budget', () => {
  const rows: readonly (readonly [PodDisruptionBudgetInput['spec'], number, number, boolean])[] = [
    [{ minAvailable: 2 }, 5, 2, false],
    [{ minAvailable: '50%' }, 7, 4, true],
    [{ minAvailable: '0%' }, 7, 0, true],
    [{ maxUnavailable: 1 }, 7, 6, true],
    [{ maxUnavailable: '30%' }, 7, 4, true],
    [{ maxUnavailable: 9 }, 7, 0, true],
    [{}, 5, 0, false],
  ]
  for (const [spec, expectedPods, desiredHealthy, scale] of rows) {
    it(`is ${desiredHealthy} of ${expectedPods} for ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(demandOf(budget(spec), 5, 7), { expectedPods, desiredHealthy })
      assert.equal(needsScale(budget(spec)), scale)
    })
  }
})

describe('disrupted pods', () => {
  const granted = budget({}, { disruptedPods: { a: ago(60), b: ago(200), c: ago(10), d: ago(1) } })

  it('count until they are deleted, or their time is over', () => {
    const pods = [pod('a'), pod('b'), pod('c', { deletionTimestamp: ago(5) }), pod('e')]
    const disrupted = disruptedPods(granted, pods, nowMs)
    assert.deepEqual(disrupted.pods, { a: ago(60) })
    assert.deepEqual(
      disrupted.late.map(({ metadata }) => metadata.name),
      ['b'],
    )
    assert.equal(disrupted.againAfterMs, 60_001)
    assert.equal(healthyPods(pods, disrupted.pods), 2)
  })

  it('need no looking at where there are none', () => {
    assert.deepEqual(disruptedPods(budget({}), [pod('a')], nowMs), {
      pods: {},
      late: [],
      againAfterMs: undefined,
    })
    assert.equal(healthyPods([pod('a'), pod('b', { ready: false })], {}), 1)
  })
})

describe('the status of a budget', () => {
  const demand = { expectedPods: 3, desiredHealthy: 2 }

  it('allows what is more than is asked for', () => {
    const status = budgetStatus(budget({}), demand, 3, {}, nowMs)
    assert.deepEqual(status, {
      observedGeneration: 3,
      disruptionsAllowed: 1,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'True',
          observedGeneration: 3,
          reason: 'SufficientPods',
          message: '',
          lastTransitionTime: ago(0),
        },
      ],
    })
    const settled = { ...budget({}), status: status ?? budget({}).status }
    assert.equal(budgetStatus(settled, demand, 3, {}, nowMs + 1000), undefined)
  })

  it('allows nothing where too few are healthy, or none is expected', () => {
    const few = budgetStatus(budget({}), demand, 1, {}, nowMs)
    assert.equal(few?.disruptionsAllowed, 0)
    assert.equal(few?.conditions?.[0]?.reason, 'InsufficientPods')
    const none = budgetStatus(budget({}), { expectedPods: 0, desiredHealthy: 0 }, 1, {}, nowMs)
    assert.equal(none?.disruptionsAllowed, 0)
  })

  it('allows nothing where it cannot be computed', () => {
    const failed = failedStatus(budget({}, { disruptionsAllowed: 2 }), 'why', nowMs)
    assert.equal(failed?.disruptionsAllowed, 0)
    assert.deepEqual(failed?.conditions?.[0], {
      type: 'DisruptionAllowed',
      status: 'False',
      reason: 'SyncFailed',
      message: 'why',
      lastTransitionTime: ago(0),
    })
    const settled = { ...budget({}), status: failed ?? budget({}).status }
    assert.equal(failedStatus(settled, 'why', nowMs + 1000), undefined)
  })
})

describe('the mark of a disruption', () => {
  const marked = (seconds: number, reason: string, more = {}) =>
    objectOf(Pod, {
      metadata: { name: 'a', ...more },
      spec: { containers: [{ name: 'c' }] },
      status: {
        conditions: [
          { type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: ago(seconds) },
        ],
      },
    })
  const rows: readonly (readonly [string, Pod, number | undefined])[] = [
    ['is stale after two minutes', marked(121, 'EvictionByEvictionAPI'), 0],
    ['is not before', marked(90, 'EvictionByEvictionAPI'), 30_000],
    ['of a kubelet never is', marked(300, 'TerminationByKubelet'), undefined],
    ['says true of a pod that goes', marked(300, 'x', { deletionTimestamp: ago(0) }), undefined],
    ['may be absent', pod('a'), undefined],
  ]
  for (const [what, given, expected] of rows) {
    it(what, () => assert.equal(disruptionTargetStaleInMs(given, nowMs), expected))
  }
})
