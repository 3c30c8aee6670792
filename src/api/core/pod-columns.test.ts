import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decoded } from '../testing/decoded.ts'
import { Pod, type PodInput } from './pod.ts'

const nowMs = 1_800_000_000_000
const container = (name: string) => ({ name, image: 'i:1' })
const state = (name: string, is: object, ready = false, restartCount = 0) => ({
  name,
  state: is,
  lastState: {},
  ready,
  restartCount,
  image: '',
  imageID: '',
})
const running = { running: { startedAt: null } }
const ended = (exitCode: number, reason?: string) => ({
  terminated: { exitCode, reason, startedAt: null, finishedAt: null },
})

/** The cells of the columns that people look at: ready, status, restarts. */
const cells = (status: object, spec: object = {}, metadata: object = {}) => {
  const input = {
    metadata: { name: 'p', ...metadata },
    spec: { containers: [container('a')], ...spec },
    status: { phase: 'Running', ...status },
  } as unknown as PodInput
  const pod = decoded(Pod, input)
  return Pod.columns.slice(1, 4).map((column) => column.value(pod, { nowMs }))
}

suite('what kubectl shows of a pod', () => {
  test('running', () => {
    const status = { containerStatuses: [state('a', running, true)] }
    assert.deepEqual(cells(status), ['1/1', 'Running', '0'])
  })

  test('waiting', () => {
    const status = {
      phase: 'Pending',
      containerStatuses: [state('a', { waiting: { reason: 'ImagePullBackOff' } })],
    }
    assert.deepEqual(cells(status), ['0/1', 'ImagePullBackOff', '0'])
  })

  test('restarted', () => {
    const again = {
      ...state('a', running, true, 3),
      lastState: {
        terminated: { exitCode: 1, startedAt: null, finishedAt: '2027-01-15T07:59:00Z' },
      },
    }
    assert.deepEqual(cells({ containerStatuses: [again] }), ['1/1', 'Running', '3 (60s ago)'])
  })

  test('initializing', () => {
    const spec = { initContainers: [container('i'), container('j')] }
    const first = { initContainerStatuses: [state('i', ended(0)), state('j', running)] }
    assert.deepEqual(cells({ phase: 'Pending', ...first }, spec), ['0/1', 'Init:1/2', '0'])
    const failed = { initContainerStatuses: [state('i', ended(2))] }
    assert.deepEqual(cells({ phase: 'Pending', ...failed }, spec), ['0/1', 'Init:ExitCode:2', '0'])
  })

  test('a sidecar counts as a container', () => {
    const status = {
      initContainerStatuses: [{ ...state('s', running, true), started: true }],
      containerStatuses: [state('a', running, true)],
    }
    const spec = { initContainers: [{ ...container('s'), restartPolicy: 'Always' }] }
    assert.deepEqual(cells(status, spec), ['2/2', 'Running', '0'])
  })

  test('completed, failed, going', () => {
    const done = { phase: 'Succeeded', containerStatuses: [state('a', ended(0, 'Completed'))] }
    assert.deepEqual(cells(done), ['0/1', 'Completed', '0'])
    const failed = { phase: 'Failed', containerStatuses: [state('a', ended(1, 'Error'))] }
    assert.deepEqual(cells(failed), ['0/1', 'Error', '0'])
    const going = { containerStatuses: [state('a', running, true)] }
    const deletionTimestamp = '2027-01-15T08:00:00Z'
    assert.deepEqual(cells(going, {}, { deletionTimestamp }), ['1/1', 'Terminating', '0'])
  })

  test('gated', () => {
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }]
    assert.deepEqual(cells({ phase: 'Pending', conditions }), ['0/1', 'SchedulingGated', '0'])
  })
})
