import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Event, Node, Pod, ServiceAccount, type PodInput } from '#api'
import { createApiServer } from '#apiserver'
import { realClock, realRandom, seededRandom, silentLog } from '#base'
import { Client, EventBroadcaster, Informers, inProcessTransport } from '#client'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { startScheduler, type Scheduler } from '#scheduler'
import { openStore } from '#store'

const services = { clock: realClock, random: realRandom, log: silentLog }

/** An API server and a scheduler, each as the user it is; the test is the administrator. */
interface TestCluster extends AsyncDisposable {
  readonly client: Client
  readonly scheduler: Scheduler
  /** Waits until the pod is as `wanted`. */
  readonly podWhen: (name: string, wanted: (pod: Pod) => boolean) => Promise<Pod>
}

async function startTestCluster(): Promise<TestCluster> {
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
  const clientOf = (name: string, groups: readonly string[]) => {
    const user = { name, uid: '', groups, extra: {} }
    return undo.use(new Client(inProcessTransport(api, { user, userAgent: 'test' }), realClock))
  }
  const client = clientOf('admin', ['system:masters'])
  const own = clientOf('system:kube-scheduler', ['system:authenticated'])
  const informers = undo.use(new Informers(own, services))
  const events = undo.use(new EventBroadcaster(own, services))
  const scheduler = undo.use(startScheduler({ client: own, informers, events, ...services }))
  await informers.start()
  await client
    .resource(ServiceAccount)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  const owned = undo.move()
  return {
    client,
    scheduler,
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

async function addNode(client: Client, name: string, cpu = '2'): Promise<void> {
  await client.resource(Node).create({ metadata: { name } })
  // A new node is tainted until it says that it is ready; here nobody takes the taint away.
  await client.resource(Node).patch(name, { type: 'merge', patch: { spec: { taints: null } } })
  await client
    .resource(Node)
    .subresource('status')
    .patch(name, {
      type: 'merge',
      patch: { status: { allocatable: { cpu, memory: '4Gi', pods: '110' } } },
    })
}

const isBound = ({ spec }: Pod) => (spec.nodeName ?? '') !== ''
const scheduledCondition = ({ status }: Pod) =>
  status.conditions?.find(({ type }) => type === 'PodScheduled')

describe('the scheduler on an API server', () => {
  it('binds pods and says so', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(client, 'a')
    await addNode(client, 'b')
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
    assert.match(cluster.scheduler.metrics(), /schedule_attempts_total\{.*"scheduled".*\} 4/)
  })

  it('says why a pod does not fit, and binds it when a node comes', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(client, 'small', '100m')
    await addNode(client, 'tainted')
    await client.resource(Node).patch('tainted', {
      type: 'merge',
      patch: { spec: { taints: [{ key: 'only', value: 'others', effect: 'NoSchedule' }] } },
    })
    await addNode(client, 'cordoned')
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

    await addNode(client, 'large')
    const bound = await podWhen('waits', isBound)
    assert.equal(bound.spec.nodeName, 'large')
    assert.equal(scheduledCondition(bound)?.status, 'True')
  })

  it('tries again when a node is uncordoned, and when a pod has gone', async () => {
    await using cluster = await startTestCluster()
    const { client, podWhen } = cluster
    await addNode(client, 'a', '600m')
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
    await addNode(client, 'a')
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
    for (const name of ['a', 'b', 'c']) await addNode(client, name)
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
