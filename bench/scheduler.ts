import { Node, Pod, ServiceAccount, type NodeInput, type PodInput } from '#api'
import { createApiServer } from '#apiserver'
import { realClock, realRandom, seededRandom, silentLog } from '#base'
import { Client, EventBroadcaster, Informers, inProcessTransport } from '#client'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { openStore } from '#store'
import { startScheduler } from '#scheduler'
import { Framework } from '../src/scheduler/framework/framework.ts'
import { defaultProfile } from '../src/scheduler/framework/profile.ts'
import { NodeTable } from '../src/scheduler/node-table/node-table.ts'
import { PodInfos } from '../src/scheduler/pod-info.ts'
import { registry } from '../src/scheduler/plugins/registry.ts'
import { Scheduling } from '../src/scheduler/schedule.ts'
import { requesting, testNode, testPod } from '../src/scheduler/testing/objects.ts'
import { median, type BenchRow } from './row.ts'

const decisions = 20_000
const rounds = 3
const budget = 10_000
const large = { cpu: '64', memory: '256Gi', pods: '500' }
const small = { cpu: '100m', memory: '128Mi' }

/**
 * The scheduler's core alone: pods of one shape are decided upon and assumed one after another,
 * with the default profile.
 */
export async function benchSchedulerDecisions(): Promise<readonly BenchRow[]> {
  return [100, 5_000].map((nodes) => {
    const perSecond = median(Array.from({ length: rounds }, () => decisionsPerSecond(nodes)))
    const row = {
      name: `scheduler: decisions, plain pods, ${nodes.toLocaleString('en-US')} nodes`,
      value: perSecond,
      unit: 'pods/s',
    }
    if (nodes < 5_000) return row
    return { ...row, budget: '>= 10,000 pods/s', met: perSecond >= budget }
  })
}

/** Through the whole API in process, on a store in memory: from the first create to the last binding. */
export async function benchSchedulerEndToEnd(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const nodes of [100, 5_000]) {
    rows.push({
      name: `scheduler: create to bound, in process, ${nodes.toLocaleString('en-US')} nodes`,
      value: await boundPerSecond(nodes, 5_000),
      unit: 'pods/s',
    })
  }
  return rows
}

function decisionsPerSecond(nodeCount: number): number {
  const table = new NodeTable()
  for (let i = 0; i < nodeCount; i++) {
    table.setNode(testNode(`node-${i}`, { status: { allocatable: large } }))
  }
  const framework = new Framework(defaultProfile, registry, { table, bind: async () => {} })
  const scheduling = new Scheduling(table, seededRandom(1))
  const infos = new PodInfos()
  const pods = Array.from({ length: decisions }, (_, i) =>
    testPod(`pod-${i}`, { spec: requesting(small) }),
  )
  const started = realClock.elapsed()
  for (const each of pods) {
    const pod = infos.of(each)
    const decision = scheduling.decide(framework, pod, () => [])
    if (decision.type !== 'fits') throw new Error(`a pod does not fit: ${decision.type}`)
    table.assume(pod, decision.nodeName)
  }
  return (decisions * 1_000) / (realClock.elapsed() - started)
}

async function boundPerSecond(nodeCount: number, podCount: number): Promise<number> {
  const services = { clock: realClock, random: realRandom, log: silentLog }
  await using undo = new AsyncDisposableStack()
  const store = undo.use(await openStore({ type: 'memory', ...services }))
  const key = generateKeyPair('ecdsa-p256', realRandom).privateKey
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
  const user = { name: 'bench', uid: '', groups: ['system:masters'], extra: {} }
  const client = undo.use(
    new Client(inProcessTransport(api, { user, userAgent: 'bench' }), realClock),
  )
  const informers = undo.use(new Informers(client, services))
  const events = undo.use(new EventBroadcaster(client, services))
  await inTurns(nodeCount, async (i) => {
    const node: NodeInput = { metadata: { name: `node-${i}` }, status: { allocatable: large } }
    await client.resource(Node).create(node)
    await client
      .resource(Node)
      .patch(`node-${i}`, { type: 'merge', patch: { spec: { taints: null } } })
  })
  await client
    .resource(ServiceAccount)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  undo.use(startScheduler({ client, informers, events, ...services }))
  let bound = 0
  const done = Promise.withResolvers<void>()
  informers.of(Pod).addHandler({
    updated(pod, old) {
      if ((old.spec.nodeName ?? '') !== '' || (pod.spec.nodeName ?? '') === '') return
      if (++bound === podCount) done.resolve()
    },
  })
  await informers.start()
  const started = realClock.elapsed()
  await inTurns(podCount, async (i) => {
    const pod: PodInput = {
      metadata: { name: `pod-${i}`, namespace: 'default' },
      spec: {
        automountServiceAccountToken: false,
        containers: [{ name: 'main', image: 'web', resources: { requests: small } }],
      },
    }
    await client.resource(Pod).create(pod)
  })
  await done.promise
  return (podCount * 1_000) / (realClock.elapsed() - started)
}

/** With 32 clients at once. */
async function inTurns(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const client = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: 32 }, client))
}
