import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  endedContainer,
  observed,
  testContainer,
  testPod,
  testSandbox,
} from '../testing/objects.ts'
import type { ObservedPod } from './observed.ts'
import { CrashLoop, usualCrashLoop } from './crash-loop.ts'
import { heldMessage, podStep, type Action } from './pod-step.ts'

interface Case {
  readonly what: string
  readonly spec?: object
  readonly has: ObservedPod
  /** Results of probes by container id and kind. */
  readonly probes?: Readonly<Record<string, boolean>>
  /** Containers that were ended to be started again. */
  readonly killed?: readonly string[]
  readonly held?: boolean
  readonly does: readonly string[]
}

/** Of a container that may use half a CPU and 64 MiB. */
const half = {
  cpuPeriod: 100_000,
  cpuQuota: 50_000,
  cpuShares: 512,
  memoryLimitInBytes: 64 * 2 ** 20,
  oomScoreAdj: -997,
}
const limited = (limits: object, resizePolicy: readonly object[] = []) => ({
  containers: [{ name: 'main', image: 'web', resources: { limits }, resizePolicy }],
})

const hash = 'io.kubernetes.container.hash'
const nothing: ObservedPod = { sandboxes: [], containers: [] }
const two = {
  initContainers: [
    { name: 'a', image: 'web' },
    { name: 'b', image: 'web' },
  ],
}
const sidecar = {
  initContainers: [
    { name: 'side', image: 'web', restartPolicy: 'Always', startupProbe: { exec: {} } },
  ],
}
const notReady = { sandboxes: [testSandbox({ ready: false, ips: [] })] }

const cases: readonly Case[] = [
  { what: 'a new pod gets a sandbox', has: nothing, does: ['createSandbox 0'] },
  { what: 'a sandbox gets the container', has: observed(), does: ['start main 0'] },
  { what: 'what runs is left alone', has: observed(testContainer('main')), does: [] },
  {
    what: 'a sandbox that is not ready is replaced',
    has: { ...notReady, containers: [endedContainer('main', 137)] },
    does: ['stopSandbox changed', 'createSandbox 1'],
  },
  {
    what: 'a sandbox without an address is replaced',
    has: { sandboxes: [testSandbox({ ips: [] })], containers: [] },
    does: ['stopSandbox changed', 'createSandbox 1'],
  },
  {
    what: 'in the node network it needs no address',
    spec: { hostNetwork: true },
    has: { sandboxes: [testSandbox({ ips: [] })], containers: [] },
    does: ['start main 0'],
  },
  {
    what: 'containers of the sandbox before are started in the new one',
    has: observed(endedContainer('main', 137, { sandboxId: 'old' })),
    does: ['start main 1'],
  },
  {
    what: 'what ended is started again',
    has: observed(endedContainer('main', 1)),
    does: ['start main 1'],
  },
  {
    what: 'what ends too often waits',
    has: observed(endedContainer('main', 1)),
    held: true,
    does: ['hold main'],
  },
  {
    what: 'OnFailure: success is the end',
    spec: { restartPolicy: 'OnFailure' },
    has: observed(endedContainer('main', 0)),
    does: ['stopSandbox'],
  },
  {
    what: 'OnFailure: failure is not',
    spec: { restartPolicy: 'OnFailure' },
    has: observed(endedContainer('main', 1)),
    does: ['start main 1'],
  },
  {
    what: 'Never: the end is the end',
    spec: { restartPolicy: 'Never' },
    has: observed(endedContainer('main', 1)),
    does: ['stopSandbox'],
  },
  {
    what: 'Never: done pods get no new sandbox',
    spec: { restartPolicy: 'Never' },
    has: { ...notReady, containers: [endedContainer('main', 0)] },
    does: [],
  },
  {
    what: 'one that ended does not end a pod in which another runs',
    spec: {
      restartPolicy: 'Never',
      containers: [
        { name: 'main', image: 'web' },
        { name: 'other', image: 'web' },
      ],
    },
    has: observed(endedContainer('main', 0), testContainer('other')),
    does: [],
  },
  { what: 'init containers come first', spec: two, has: observed(), does: ['start a 0'] },
  { what: 'one at a time', spec: two, has: observed(testContainer('a')), does: [] },
  {
    what: 'in their order',
    spec: two,
    has: observed(endedContainer('a', 0)),
    does: ['start b 0'],
  },
  {
    what: 'then the others',
    spec: two,
    has: observed(endedContainer('a', 0), endedContainer('b', 0)),
    does: ['start main 0'],
  },
  {
    what: 'an init container that failed is started again',
    spec: two,
    has: observed(endedContainer('a', 1)),
    does: ['start a 1'],
  },
  {
    what: 'Never: a failed init container is the end',
    spec: { ...two, restartPolicy: 'Never' },
    has: observed(endedContainer('a', 1)),
    does: ['stopSandbox'],
  },
  {
    what: 'init containers run again in a new sandbox',
    spec: two,
    has: observed(endedContainer('a', 0, { sandboxId: 'old' })),
    does: ['start a 1'],
  },
  {
    what: 'the others wait for a sidecar to have started',
    spec: sidecar,
    has: observed(testContainer('side')),
    does: [],
  },
  {
    what: 'and go on when it has',
    spec: sidecar,
    has: observed(testContainer('side')),
    probes: { 'side-0/startup': true },
    does: ['start main 0'],
  },
  {
    what: 'a sidecar that ends is started again, whatever its code',
    spec: { ...sidecar, restartPolicy: 'Never' },
    has: observed(testContainer('main'), endedContainer('side', 0)),
    does: ['start side 1'],
  },
  {
    what: 'a failed liveness probe kills',
    has: observed(testContainer('main')),
    probes: { 'main-0/liveness': false },
    does: ['kill main: Container main failed liveness probe, will be restarted'],
  },
  {
    what: 'Never: a failed liveness probe is the end',
    spec: { restartPolicy: 'Never' },
    has: observed(testContainer('main')),
    probes: { 'main-0/liveness': false },
    does: ['kill main: Container main failed liveness probe'],
  },
  {
    what: 'what was killed to start again does, however it ended',
    spec: { restartPolicy: 'OnFailure' },
    has: observed(endedContainer('main', 0)),
    killed: ['main-0'],
    does: ['start main 1'],
  },
  {
    what: 'another image makes another container',
    has: observed(testContainer('main', { annotations: { [hash]: 'of another image' } })),
    does: ['kill main: Container main definition changed, will be restarted'],
  },
  {
    what: 'an ephemeral container starts beside init containers, once',
    spec: { ...two, ephemeralContainers: [{ name: 'debug', image: 'tools' }] },
    has: observed(testContainer('a')),
    does: ['start debug 0'],
  },
  {
    what: 'and keeps no pod from its end',
    spec: {
      restartPolicy: 'Never',
      ephemeralContainers: [{ name: 'debug', image: 'tools' }],
    },
    has: observed(endedContainer('main', 0), endedContainer('debug', 1)),
    does: ['stopSandbox'],
  },
  {
    what: 'a failed readiness probe does not',
    has: observed(testContainer('main')),
    probes: { 'main-0/readiness': false },
    does: [],
  },
  {
    what: 'the third last container of a name goes',
    has: observed(
      testContainer('main', { attempt: 2 }),
      endedContainer('main', 1, { attempt: 1 }),
      endedContainer('main', 1, { attempt: 0 }),
    ),
    does: ['remove main-0'],
  },
  {
    what: 'leaves a container as it is that has what it was given',
    spec: limited({ cpu: '500m', memory: '64Mi' }),
    has: observed(testContainer('main', { resources: half })),
    does: [],
  },
  {
    what: 'changes what a running container may use',
    spec: limited({ cpu: '1', memory: '64Mi' }),
    has: observed(testContainer('main', { resources: half })),
    does: ['resize main'],
  },
  {
    what: 'restarts a container that is to be restarted for that',
    spec: limited({ cpu: '500m', memory: '65Mi' }, [
      { resourceName: 'memory', restartPolicy: 'RestartContainer' },
    ]),
    has: observed(testContainer('main', { resources: half })),
    does: ['kill main: Container main resize requires restart'],
  },
  {
    what: 'does not know what a runtime does not tell',
    spec: limited({ cpu: '1' }),
    has: observed(testContainer('main')),
    does: [],
  },
]

describe('podStep', () => {
  for (const { what, spec, has, probes = {}, killed = [], held = false, does } of cases) {
    it(what, () => {
      const step = podStep({
        pod: testPod('web', { spec: spec ?? {} }),
        mustRestart: new Set(killed),
        observed: has,
        nowMs: 3_000,
        memoryCapacityBytes: 2 ** 30,
        probe: (id, kind) => probes[`${id}/${kind}`],
        crashLoopWait: () => (held ? { delayMs: 10_000, untilMs: 12_000 } : undefined),
      })
      const waits = step.held.map(({ container }) => `hold ${container.name}`)
      assert.deepEqual([...step.actions.map(textOf), ...waits], does)
    })
  }
})

function textOf(action: Action): string {
  switch (action.type) {
    case 'createSandbox':
      return `createSandbox ${action.attempt}`
    case 'stopSandbox':
      return `stopSandbox${action.changed ? ' changed' : ''}`
    case 'startContainer':
      return `start ${action.container.name} ${action.attempt}`
    case 'killContainer':
      return `kill ${action.container.name}: ${action.message}`
    case 'resize':
      return `resize ${action.containers.map(({ container }) => container.name).join(' ')}`
    case 'removeContainer':
      return `remove ${action.id}`
  }
}

describe('crash loops', () => {
  it('let the first restart through and double from then on', () => {
    const loop = new CrashLoop(usualCrashLoop)
    const waits: (number | undefined)[] = []
    let now = 0
    for (let ends = 0; ends < 8; ends++) {
      const endedAtMs = now + 1_000
      const wait = loop.wait('c', endedAtMs, endedAtMs)
      waits.push(wait?.delayMs)
      now = wait?.untilMs ?? endedAtMs
      assert.equal(loop.wait('c', endedAtMs, now), undefined)
      loop.restarted('c', endedAtMs, now)
    }
    assert.deepEqual(waits, [undefined, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  })

  it('forget what ran for long', () => {
    const loop = new CrashLoop(usualCrashLoop)
    loop.restarted('c', 0, 0)
    assert.equal(loop.wait('c', 600_000, 600_000)?.delayMs, 10_000)
    assert.equal(loop.wait('c', 600_001, 600_001), undefined)
  })

  it('are told in upstream’s words', () => {
    const pod = testPod('web')
    const container = pod.spec.containers?.[0]
    assert.ok(container !== undefined)
    const text = (delayMs: number) => heldMessage(pod, { container, delayMs, untilMs: 0 })
    assert.equal(
      text(160_000),
      'back-off 2m40s restarting failed container=main pod=web_default(web)',
    )
    assert.match(text(40_000), /^back-off 40s /)
    assert.match(text(300_000), /^back-off 5m0s /)
  })
})
