import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Event, Node, Pod, PriorityClass, ServiceAccount, type PodInput } from '#api'
import { createApiServer } from '#apiserver'
import { realClock, realRandom, seededRandom, silentLog, type Clock } from '#base'
import {
  Client,
  ConnectionError,
  EventBroadcaster,
  Informers,
  inProcessTransport,
  type Call,
  type Transport,
} from '#client'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { defaultProfile, startScheduler, Status, type Plugin, type Scheduler } from '#scheduler'
import { openStore } from '#store'
import { ManualClock } from '../src/apiserver/testing/manual-clock.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }

/** An API server and a scheduler, each as the user it is; the test is the administrator. */
interface TestCluster extends AsyncDisposable {
  readonly client: Client
  readonly scheduler: Scheduler
  /** The scheduler's. */
  readonly informers: Informers
  /** Waits until the pod is as `wanted`. */
  readonly podWhen: (name: string, wanted: (pod: Pod) => boolean) => Promise<Pod>
}

interface Setting {
  /** Of the scheduler; by default the real one. */
  readonly clock?: Clock
  /** Stands between the scheduler and the API server. */
  readonly around?: (transport: Transport) => Transport
  /** Another plugin of the default profile, before the others. */
  readonly plugin?: Plugin
}

async function startTestCluster(setting: Setting = {}): Promise<TestCluster> {
  await using undo = new AsyncDisposableStack()
  const store = undo.use(await openStore({ type: 'memory', ...services }))
  const key = generateKeyPair('ecdsa-p256', seededRandom(1)).privateKey
  const api = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(key),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/24'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
  undo.defer(() => api.shutdown())
  const clientOf = (
    name: string,
    groups: readonly string[],
    around = (transport: Transport) => transport,
  ) => {
    const user = { name, uid: '', groups, extra: {} }
    const transport = around(inProcessTransport(api, { user, userAgent: 'test' }))
    return undo.use(new Client(transport, realClock))
  }
  const client = clientOf('admin', ['system:masters'])
  const own = clientOf('system:kube-scheduler', ['system:authenticated'], setting.around)
  const informers = undo.use(new Informers(own, services))
  const events = undo.use(new EventBroadcaster(own, services))
  const clock = setting.clock ?? realClock
  const { plugin } = setting
  const more =
    plugin === undefined
      ? {}
      : {
          plugins: { [plugin.name]: () => plugin },
          profiles: [
            { ...defaultProfile, plugins: [{ name: plugin.name }, ...defaultProfile.plugins] },
          ],
        }
  const options = { ...services, clock, client: own, informers, events, ...more }
  const scheduler = undo.use(startScheduler(options))
  await informers.start()
  await client
    .resource(ServiceAccount)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  const owned = undo.move()
  return {
    client,
    scheduler,
    informers,
    async podWhen(name, wanted) {
      const watch = client
        .resource(Pod)
        .namespace('default')
        .watch({
          fieldSelector: `metadata.name=${name}`,
          sendInitialEvents: true,
          resourceVersionMatch: 'NotOlderThan',
          allowWatchBookmarks: true,
          signal: AbortSignal.timeout(10_000),
        })
      for await (const { type, object } of watch) {
        if (type !== 'BOOKMARK' && wanted(object)) return object
      }
      throw new Error(`pod ${name} is not as wanted`)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function pod(name: string, spec: Partial<PodInput['spec']> & object = {}): PodInput {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [
        { name: 'web', image: 'web', resources: { requests: { cpu: '500m', memory: '64Mi' } } },
      ],
      ...spec,
    },
  }
}

/** Comes back when the scheduler knows the node. */
async function addNode({ client, informers }: TestCluster, name: string, cpu = '2'): Promise<void> {
  await client.resource(Node).create({ metadata: { name } })
  // A new node is tainted until it says that it is ready; here nobody takes the taint away.
  await client.resource(Node).patch(name, { type: 'merge', patch: { spec: { taints: null } } })
  const { metadata } = await client
    .resource(Node)
    .subresource('status')
    .patch(name, {
      type: 'merge',
      patch: { status: { allocatable: { cpu, memory: '4Gi', pods: '110' } } },
    })
  const known = Promise.withResolvers<void>()
  const look = (node: Node) => {
    if (node.metadata.resourceVersion === metadata.resourceVersion) known.resolve()
  }
  // The scheduler's handler comes before this one.
  const unfollow = informers.of(Node).addHandler({ added: look, updated: look })
  await known.promise
  unfollow()
}

const isBound = ({ spec }: Pod) => (spec.nodeName ?? '') !== ''
const scheduledCondition = ({ status }: Pod) =>
  status.conditions?.find(({ type }) => type === 'PodScheduled')

describe('the scheduler on an API server', () => {
  it('binds pods and says so', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(cluster, 'a')
    await addNode(cluster, 'b')
    for (const name of ['one', 'two', 'three', 'four']) await client.resource(Pod).create(pod(name))
    const nodes = new Map<string, number>()
    for (const name of ['one', 'two', 'three', 'four']) {
      const bound = await podWhen(name, isBound)
      assert.equal(scheduledCondition(bound)?.status, 'True')
      const node = bound.spec.nodeName ?? ''
      nodes.set(node, (nodes.get(node) ?? 0) + 1)
    }
    assert.deepEqual(Object.fromEntries(nodes), { a: 2, b: 2 })
    assert.match(
      await eventNote(client, 'Scheduled'),
      /^Successfully assigned default\/\w+ to [ab]$/,
    )
    await cluster.scheduler[Symbol.asyncDispose]()
    assert.match(cluster.scheduler.metrics(), /schedule_attempts_total\{.*"scheduled".*\} 4/)
  })

  it('says why a pod does not fit, and binds it when a node comes', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(cluster, 'small', '100m')
    await addNode(cluster, 'tainted')
    await client.resource(Node).patch('tainted', {
      type: 'merge',
      patch: { spec: { taints: [{ key: 'only', value: 'others', effect: 'NoSchedule' }] } },
    })
    await addNode(cluster, 'cordoned')
    await client
      .resource(Node)
      .patch('cordoned', { type: 'merge', patch: { spec: { unschedulable: true } } })
    await client.resource(Pod).create(pod('waits'))
    const waiting = await podWhen('waits', (one) => scheduledCondition(one)?.status === 'False')
    const condition = scheduledCondition(waiting)
    assert.equal(condition?.reason, 'Unschedulable')
    const message =
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), ' +
      '1 node(s) were unschedulable. preemption: 0/3 nodes are available: ' +
      '3 Preemption is not helpful for scheduling.'
    assert.equal(condition?.message, message)
    assert.equal(await eventNote(client, 'FailedScheduling'), message)
    assert.equal(cluster.scheduler.pending().unschedulable, 1)

    await addNode(cluster, 'large')
    const bound = await podWhen('waits', isBound)
    assert.equal(bound.spec.nodeName, 'large')
    assert.equal(scheduledCondition(bound)?.status, 'True')
  })

  it('tries again when a node is uncordoned, and when a pod has gone', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(cluster, 'a', '600m')
    const cordon = (unschedulable: boolean) =>
      client.resource(Node).patch('a', { type: 'merge', patch: { spec: { unschedulable } } })
    await cordon(true)
    await client.resource(Pod).create(pod('first'))
    await podWhen('first', (one) => scheduledCondition(one)?.status === 'False')
    await cordon(false)
    await podWhen('first', isBound)

    await client.resource(Pod).create(pod('second'))
    const waiting = await podWhen('second', (one) => scheduledCondition(one)?.status === 'False')
    assert.equal(
      scheduledCondition(waiting)?.message,
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: ' +
        '1 No preemption victims found for incoming pod.',
    )
    await client.resource(Pod).namespace('default').delete('first', { gracePeriodSeconds: 0 })
    await podWhen('second', isBound)
  })

  it('leaves gated pods and those of other schedulers alone', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(cluster, 'a')
    await client.resource(Pod).create(pod('foreign', { schedulerName: 'another' }))
    await client.resource(Pod).create(pod('gated', { schedulingGates: [{ name: 'x/wait' }] }))
    await client.resource(Pod).create(pod('plain'))
    await podWhen('plain', isBound)
    const pods = client.resource(Pod).namespace('default')
    assert.equal(isBound(await pods.get('foreign')), false)
    assert.equal(isBound(await pods.get('gated')), false)
    assert.equal(cluster.scheduler.pending().gated, 1)
    await pods.patch('gated', { type: 'merge', patch: { spec: { schedulingGates: null } } })
    await podWhen('gated', isBound)
  })

  it('never overcommits a node, however many pods come at once', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    for (const name of ['a', 'b', 'c']) await addNode(cluster, name)
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`)
    await Promise.all(names.map((name) => client.resource(Pod).create(pod(name))))
    const settled = await Promise.all(
      names.map((name) =>
        podWhen(name, (one) => isBound(one) || scheduledCondition(one)?.status === 'False'),
      ),
    )
    const perNode = new Map<string, number>()
    for (const { spec } of settled.filter(isBound)) {
      const node = spec.nodeName ?? ''
      perNode.set(node, (perNode.get(node) ?? 0) + 1)
    }
    assert.deepEqual([...perNode.values()], [4, 4, 4])
  })
})

describe('the scheduler, when binding goes wrong', () => {
  it('takes the node back, says so and tries again after a second', async () => {
    const clock = new ManualClock()
    const around = failingOnce(isBinding, async () => {
      throw new ConnectionError('Unreachable', 'no way')
    })
    await using cluster = await startTestCluster({ clock, around })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a', '600m')
    await client.resource(Pod).create(pod('p'))
    const waiting = await podWhen('p', (one) => scheduledCondition(one)?.status === 'False')
    assert.equal(scheduledCondition(waiting)?.reason, 'SchedulerError')
    assert.equal(
      scheduledCondition(waiting)?.message,
      'running Bind plugin "DefaultBinder": no way',
    )
    assert.match(cluster.scheduler.metrics(), /scheduler_cache_size\{type="pods"\} 0/)
    assert.equal(cluster.scheduler.pending().backoff, 1)
    clock.advance(1_000)
    await podWhen('p', isBound)
    await cluster.scheduler[Symbol.asyncDispose]()
    assert.match(cluster.scheduler.metrics(), /attempts_total\{.*"error".*\} 1/)
  })

  it('finds out that a binding took effect whose answer was lost', async () => {
    const asked = Promise.withResolvers<void>()
    const around = failingOnce(isBinding, async (send) => {
      await send()
      asked.resolve()
      throw new ConnectionError('Interrupted', 'the answer was lost')
    })
    await using cluster = await startTestCluster({ around })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a')
    await client.resource(Pod).create(pod('p'))
    await asked.promise
    // The next pod is bound after what became of the first one is settled.
    await client.resource(Pod).create(pod('q'))
    await podWhen('q', isBound)
    const bound = await podWhen('p', isBound)
    assert.equal(scheduledCondition(bound)?.status, 'True')
    assert.deepEqual(cluster.scheduler.pending(), {
      active: 0,
      backoff: 0,
      unschedulable: 0,
      gated: 0,
    })
    await cluster.scheduler[Symbol.asyncDispose]()
    assert.match(cluster.scheduler.metrics(), /scheduler_cache_size\{type="pods"\} 2/)
  })

  it('lets go of a pod that was deleted meanwhile', async () => {
    let remove = async () => {}
    const around = failingOnce(isBinding, async (send) => {
      await remove()
      await send()
    })
    await using cluster = await startTestCluster({ around })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a', '600m')
    const pods = client.resource(Pod).namespace('default')
    remove = async () => void (await pods.delete('p', { gracePeriodSeconds: 0 }))
    await client.resource(Pod).create(pod('p'))
    await client.resource(Pod).create(pod('q'))
    await podWhen('q', isBound)
    await cluster.scheduler[Symbol.asyncDispose]()
    assert.match(cluster.scheduler.metrics(), /attempts_total\{.*"error".*\} 1/)
  })

  it('leaves a pod to who bound it first', async () => {
    let bindElsewhere = async () => {}
    const around = failingOnce(isBinding, async (send) => {
      await bindElsewhere()
      await send()
    })
    await using cluster = await startTestCluster({ around })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a')
    await addNode(cluster, 'b')
    bindElsewhere = async () => {
      const target = { kind: 'Node', name: 'elsewhere' }
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target }
      await client.resource(Pod).namespace('default').subresource('binding').create('p', binding)
    }
    await client.resource(Pod).create(pod('p'))
    await podWhen('p', isBound)
    await client.resource(Pod).create(pod('q'))
    await podWhen('q', isBound)
    const settled = await podWhen('p', isBound)
    assert.equal(settled.spec.nodeName, 'elsewhere')
    assert.equal(scheduledCondition(settled)?.status, 'True')
  })
})

describe('preemption', () => {
  it('is tried again where a victim could not be deleted', async () => {
    let refusals = 0
    await using cluster = await startTestCluster({
      around: (transport) => ({
        send: (call) => {
          if (call.method !== 'DELETE' || refusals++ > 0) return transport.send(call)
          return Promise.reject(new ConnectionError('Interrupted', 'the connection broke'))
        },
        watch: (call, receiver) => transport.watch(call, receiver),
        [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
      }),
    })
    const { client, podWhen } = cluster
    await client.resource(PriorityClass).create({ metadata: { name: 'high' }, value: 10 })
    await addNode(cluster, 'a', '500m')
    await client.resource(Pod).create(pod('low', { terminationGracePeriodSeconds: 0 }))
    await podWhen('low', isBound)
    await client.resource(Pod).create(pod('high', { priorityClassName: 'high' }))
    const placed = await podWhen('high', isBound)
    assert.equal(placed.spec.nodeName, 'a')
    assert.ok(refusals > 1)
  })
})

describe('the scheduler, when its watch misses what became of a pod', () => {
  for (const deleted of [false, true]) {
    it(`asks the API server: the pod is ${deleted ? 'gone' : 'there'}`, async () => {
      const clock = new ManualClock()
      await using cluster = await startTestCluster({ clock, around: withoutBoundPods })
      const { client, podWhen } = cluster
      await addNode(cluster, 'a')
      await client.resource(Pod).create(pod('p'))
      await podWhen('p', isBound)
      await eventNote(client, 'Scheduled')
      const cacheSize = (type: string) =>
        new RegExp(`cache_size\\{type="${type}"\\} (\\d+)`).exec(cluster.scheduler.metrics())?.[1]
      assert.equal(cacheSize('assumed_pods'), '1')
      if (deleted) {
        await client.resource(Pod).namespace('default').delete('p', { gracePeriodSeconds: 0 })
      }
      clock.advance(120_000)
      await cluster.scheduler[Symbol.asyncDispose]()
      assert.equal(cacheSize('assumed_pods'), '0')
      assert.equal(cacheSize('pods'), deleted ? '0' : '1')
    })
  }
})

/** Watches hear nothing of pods that have a node. */
function withoutBoundPods(transport: Transport): Transport {
  return {
    send: (call) => transport.send(call),
    watch: (call, receiver) =>
      transport.watch(call, {
        event(event) {
          if (!('spec' in event.object) || !Object(event.object.spec).nodeName)
            receiver.event(event)
        },
        end: (error) => receiver.end(error),
      }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
}

describe('a plugin of somebody else', () => {
  it('is asked at each point, and may let a pod wait', async () => {
    const calls: string[] = []
    let allowed = false
    const plugin: Plugin = {
      name: 'Mine',
      events: [{ resource: 'Node', actions: ['UpdateNodeLabel'] }],
      reserve: (one, node) => void calls.push(`reserve ${one.name} on ${node}`),
      unreserve: (one, node) => void calls.push(`unreserve ${one.name} on ${node}`),
      permit(one, node) {
        calls.push(`permit ${one.name} on ${node}`)
        return allowed ? undefined : new Status('Mine', 'Unschedulable', 'not yet')
      },
      async preBind(one) {
        calls.push(`preBind ${one.name}`)
        return undefined
      },
      postBind: (one) => void calls.push(`postBind ${one.name}`),
    }
    await using cluster = await startTestCluster({ plugin })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a', '600m')
    await client.resource(Pod).create(pod('p'))
    const waiting = await podWhen('p', (one) => scheduledCondition(one)?.status === 'False')
    assert.equal(scheduledCondition(waiting)?.message, '0/1 nodes are available: 1 not yet.')
    assert.equal(scheduledCondition(waiting)?.reason, 'Unschedulable')
    allowed = true
    const labels = { now: 'yes' }
    await client.resource(Node).patch('a', { type: 'merge', patch: { metadata: { labels } } })
    await podWhen('p', isBound)
    await cluster.scheduler[Symbol.asyncDispose]()
    assert.deepEqual(calls, [
      'reserve p on a',
      'permit p on a',
      'unreserve p on a',
      'reserve p on a',
      'permit p on a',
      'preBind p',
      'postBind p',
    ])
  })

  it('that fails before binding has the pod tried again', async () => {
    const clock = new ManualClock()
    let state: 'failing' | 'throwing' | 'well' = 'failing'
    const plugin: Plugin = {
      name: 'Mine',
      async preBind() {
        if (state === 'throwing') throw new Error('a defect')
        return state === 'failing' ? new Status('Mine', 'Error', 'disk on fire') : undefined
      },
    }
    await using cluster = await startTestCluster({ clock, plugin })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a', '600m')
    await client.resource(Pod).create(pod('p'))
    const failed = await podWhen('p', (one) => scheduledCondition(one)?.status === 'False')
    assert.equal(scheduledCondition(failed)?.reason, 'SchedulerError')
    assert.equal(scheduledCondition(failed)?.message, 'running PreBind plugin "Mine": disk on fire')
    state = 'throwing'
    clock.advance(1_000)
    await podWhen('p', (one) => scheduledCondition(one)?.message === 'a defect')
    state = 'well'
    clock.advance(2_000)
    await podWhen('p', isBound)
  })

  it('that throws or fails stands in no other pod’s way', async () => {
    const answers: Record<string, () => Status> = {
      thrown() {
        throw new Error('a defect')
      },
      failed: () => new Status('Mine', 'Error', 'no answer'),
    }
    const plugin: Plugin = {
      name: 'Mine',
      preFilter({ pod }) {
        const filter = answers[pod.spec.containers?.[0]?.image ?? '']
        return filter === undefined ? undefined : { dependsOn: 'pods', filter }
      },
    }
    await using cluster = await startTestCluster({ clock: new ManualClock(), plugin })
    const { client, podWhen } = cluster
    await addNode(cluster, 'a')
    const running = (image: string) => pod(image, { containers: [{ name: 'c', image }] })
    for (const image of ['thrown', 'failed', 'web']) {
      await client.resource(Pod).create(running(image))
    }
    await podWhen('web', isBound)
    for (const [name, message] of [
      ['thrown', 'a defect'],
      ['failed', 'running "Mine" filter plugin: no answer'],
    ] as const) {
      const one = await podWhen(name, (each) => scheduledCondition(each)?.status === 'False')
      assert.equal(scheduledCondition(one)?.reason, 'SchedulerError')
      assert.equal(scheduledCondition(one)?.message, message)
    }
  })
})

function isBinding({ method, path }: Call): boolean {
  return method === 'POST' && path.endsWith('/binding')
}

/** The first such call goes another way. */
function failingOnce(
  which: (call: Call) => boolean,
  instead: (send: () => Promise<unknown>) => Promise<unknown>,
): (transport: Transport) => Transport {
  let first = true
  return (transport) => ({
    send(call) {
      if (!first || !which(call)) return transport.send(call)
      first = false
      return instead(() => transport.send(call))
    },
    watch: (call, receiver) => transport.watch(call, receiver),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  })
}

/** The note of the first event with this reason. */
async function eventNote(client: Client, reason: string): Promise<string> {
  const watch = client
    .resource(Event)
    .namespace('default')
    .watch({
      fieldSelector: `reason=${reason}`,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      signal: AbortSignal.timeout(10_000),
    })
  for await (const { type, object } of watch) {
    if (type !== 'BOOKMARK') return object.message ?? ''
  }
  throw new Error(`no event ${reason}`)
}
