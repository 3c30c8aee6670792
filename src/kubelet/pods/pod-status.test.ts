import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endedContainer, observed, testContainer, testPod } from '../testing/objects.ts'
import type { ObservedPod } from './observed.ts'
import { podStatus, type StatusInput } from './pod-status.ts'

const hold = new Map([['main', { reason: 'CrashLoopBackOff', message: 'back-off' }]])

function statusOf(
  fields: { spec?: object; status?: object },
  has: ObservedPod,
  input: Partial<StatusInput> = {},
) {
  return podStatus({
    pod: testPod('web', fields),
    mustRestart: new Set(),
    observed: has,
    nowMs: 10_000,
    before: undefined,
    hostIps: ['192.0.2.1'],
    waiting: new Map(),
    probe: () => undefined,
    stopped: false,
    failure: undefined,
    resizePending: undefined,
    resizeError: undefined,
    memoryCapacityBytes: 2 ** 30,
    ...input,
  })
}

function condition(status: ReturnType<typeof statusOf>, type: string) {
  return status.conditions?.find((each) => each.type === type)
}

test('what was ended to be started again waits for it', () => {
  const never = { spec: { restartPolicy: 'Never' } }
  const has = observed(endedContainer('main', 0))
  const status = statusOf(never, has, { mustRestart: new Set(['main-0']) })
  assert.equal(status.phase, 'Running')
  const [main] = status.containerStatuses ?? []
  assert.deepEqual(main?.state, { waiting: { reason: 'ContainerCreating' } })
  assert.equal(main.lastState?.terminated?.exitCode, 0)
})

test('phases', () => {
  const never = { spec: { restartPolicy: 'Never' } }
  const init = { spec: { initContainers: [{ name: 'first', image: 'web' }] } }
  const table: readonly [string, ReturnType<typeof statusOf>, string][] = [
    ['nothing yet', statusOf({}, { sandboxes: [], containers: [] }), 'Pending'],
    ['a sandbox', statusOf({}, observed()), 'Pending'],
    ['running', statusOf({}, observed(testContainer('main'))), 'Running'],
    ['an init container runs', statusOf(init, observed(testContainer('first'))), 'Pending'],
    ['ended, to be restarted', statusOf({}, observed(endedContainer('main', 1))), 'Running'],
    ['held', statusOf({}, observed(endedContainer('main', 1)), { waiting: hold }), 'Running'],
    ['succeeded', statusOf(never, observed(endedContainer('main', 0))), 'Succeeded'],
    ['failed', statusOf(never, observed(endedContainer('main', 1))), 'Failed'],
    [
      'told to stop',
      statusOf({}, observed(endedContainer('main', 143)), { stopped: true }),
      'Failed',
    ],
    [
      'ends are not left',
      statusOf({ status: { phase: 'Succeeded' } }, observed(testContainer('main'))),
      'Succeeded',
    ],
    [
      'init failed for good',
      statusOf(
        { spec: { ...init.spec, restartPolicy: 'Never' } },
        observed(endedContainer('first', 1)),
      ),
      'Failed',
    ],
  ]
  for (const [what, { phase }, expected] of table) assert.equal(phase, expected, what)
})

test('a container that waits for its next start shows its end as the last state', () => {
  const status = statusOf({}, observed(endedContainer('main', 3)), { waiting: hold })
  const [main] = status.containerStatuses ?? []
  assert.deepEqual(main?.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } })
  assert.deepEqual(main?.lastState?.terminated, {
    exitCode: 3,
    reason: 'Error',
    startedAt: '1970-01-01T00:00:01Z',
    finishedAt: '1970-01-01T00:00:02Z',
    containerID: 'containerd://main-0',
  })
  assert.equal(main?.ready, false)
  assert.equal(condition(status, 'Ready')?.reason, 'ContainersNotReady')
})

test('readiness is the probe’s, after the startup probe’s', () => {
  const probed = {
    spec: {
      containers: [
        { name: 'main', image: 'web', startupProbe: { exec: {} }, readinessProbe: { exec: {} } },
      ],
    },
  }
  const ready = (results: Readonly<Record<string, boolean>>) => {
    const status = statusOf(probed, observed(testContainer('main')), {
      probe: (_id, kind) => results[kind],
    })
    const [main] = status.containerStatuses ?? []
    return [main?.started, main?.ready, condition(status, 'Ready')?.status]
  }
  assert.deepEqual(ready({}), [false, false, 'False'])
  assert.deepEqual(ready({ readiness: true }), [false, false, 'False'])
  assert.deepEqual(ready({ startup: true }), [true, false, 'False'])
  assert.deepEqual(ready({ startup: true, readiness: true }), [true, true, 'True'])
})

test('readiness gates are others’ to open', () => {
  const gated = { readinessGates: [{ conditionType: 'example.com/open' }] }
  const closed = statusOf({ spec: gated }, observed(testContainer('main')))
  assert.equal(condition(closed, 'Ready')?.reason, 'ReadinessGatesNotReady')
  assert.equal(condition(closed, 'ContainersReady')?.status, 'True')
  const conditions = [{ type: 'example.com/open', status: 'True' }]
  const open = statusOf({ spec: gated, status: { conditions } }, observed(testContainer('main')))
  assert.equal(condition(open, 'Ready')?.status, 'True')
})

test('a condition keeps the time since when it holds', () => {
  const since = '1970-01-01T00:00:05Z'
  const conditions = [
    { type: 'Ready', status: 'True', lastTransitionTime: since },
    { type: 'Initialized', status: 'False', lastTransitionTime: since },
  ]
  const status = statusOf({ status: { conditions } }, observed(testContainer('main')))
  assert.equal(condition(status, 'Ready')?.lastTransitionTime, since)
  assert.equal(condition(status, 'Initialized')?.lastTransitionTime, '1970-01-01T00:00:10Z')
})

test('addresses are the sandbox’s, the node’s in its network, and stay when the pod has ended', () => {
  assert.equal(statusOf({}, observed()).podIP, '10.42.0.2')
  assert.equal(statusOf({ spec: { hostNetwork: true } }, observed()).podIP, '192.0.2.1')
  const before = { status: { podIPs: [{ ip: '10.42.0.9' }] } }
  assert.equal(statusOf(before, { sandboxes: [], containers: [] }).podIP, '10.42.0.9')
})

test('when a pod is over, whose turn never came still waits, and what is gone is unknown', () => {
  const spec = {
    restartPolicy: 'Never',
    initContainers: [
      { name: 'first', image: 'web' },
      { name: 'second', image: 'web' },
    ],
  }
  const failed = statusOf({ spec }, observed(endedContainer('first', 1)), { stopped: true })
  assert.deepEqual(failed.containerStatuses?.[0]?.state, { waiting: { reason: 'PodInitializing' } })
  assert.deepEqual(failed.initContainerStatuses?.[1]?.state, {
    waiting: { reason: 'PodInitializing' },
  })
  const gone = statusOf({}, { sandboxes: [], containers: [] }, { stopped: true })
  assert.equal(gone.containerStatuses?.[0]?.state?.terminated?.reason, 'ContainerStatusUnknown')
})

test('what was said last holds where the API does not show it yet', () => {
  const first = statusOf({}, observed(testContainer('main')))
  const ended = { ...observed(endedContainer('main', 0)), sandboxes: [] }
  const last = statusOf({}, ended, { before: first, nowMs: 20_000, stopped: true })
  assert.deepEqual(last.podIPs, [{ ip: '10.42.0.2' }])
  assert.equal(last.startTime, first.startTime)
  const since = (status: typeof first) => condition(status, 'PodScheduled')?.lastTransitionTime
  assert.equal(since(last), since(first))
})
