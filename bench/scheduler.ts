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
import { testHandle } from '../src/scheduler/testing/plugin.ts'

const rounds = 3
const unit = 'pods/s'
const inWords = (count: number) => count.toLocaleString('en-US')

const selector = { matchLabels: { app: 'web' } }
const term = (topologyKey: string) => ({ topologyKey, labelSelector: selector })
const zone = 'topology.kubernetes.io/zone'
const hostName = 'kubernetes.io/hostname'
const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

/** Sorts of pods to be decided upon, all labelled app=web. */
const sorts: readonly {
  readonly name: string
  readonly count: number
  readonly spec: Readonly<Record<string, unknown>>
  readonly budget: number
}[] = [
  { name: 'plain pods', count: 20_000, spec: {}, budget: 10_000 },
  {
    name: 'spread over zones and nodes',
    count: 10_000,
    spec: {
      topologySpreadConstraints: [
        { topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
        { topologyKey: hostName, maxSkew: 500, whenUnsatisfiable: 'DoNotSchedule' },
        { topologyKey: hostName, maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
      ].map((constraint) => ({ ...constraint, labelSelector: selector })),
    },
    budget: 3_000,
  },
  {
    name: 'affinity to a zone, rather on other nodes',
    count: 10_000,
    spec: {
      affinity: {
        podAffinity: { [required]: [term(zone)] },
        podAntiAffinity: { [preferred]: [{ weight: 100, podAffinityTerm: term(hostName) }] },
      },
    },
    budget: 3_000,
  },
  {
    name: 'anti-affinity, one of 90 on a node',
    count: 9_000,
    spec: { affinity: { podAntiAffinity: { [required]: [term(hostName)] } } },
    budget: 3_000,
  },
]

const large = { cpu: '64', memory: '256Gi', pods: '500' }
const small = { cpu: '100m', memory: '128Mi' }

/**
 * The scheduler's core alone: pods of one shape are decided upon and assumed one after another,
 * with the default profile.
 */
export async function benchSchedulerDecisions(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = []
  for (const { name, count, spec, budget } of sorts) {
    for (const nodes of [100, 5_000]) {
      const each = Array.from({ length: rounds }, () => decisionsPerSecond(nodes, count, spec))
      const value = median(each)
      const row = { name: `scheduler: decisions, ${name}, ${inWords(nodes)} nodes`, value, unit }
      const met = { budget: `>= ${inWords(budget)} ${unit}`, met: value >= budget }
      rows.push(nodes < 5_000 ? row : { ...row, ...met })
    }
  }
  return rows
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

function decisionsPerSecond(
  nodeCount: number,
  count: number,
  spec: Readonly<Record<string, unknown>>,
): number {
  const table = new NodeTable()
  for (let i = 0; i < nodeCount; i++) {
    const labels = { [hostName]: `node-${i}`, [zone]: `zone-${i % 3}` }
    table.setNode(testNode(`node-${i}`, { metadata: { labels }, status: { allocatable: large } }))
  }
  const handle = testHandle({ table })
  const framework = new Framework(defaultProfile, registry, handle)
  const scheduling = new Scheduling(table, seededRandom(1))
  const infos = new PodInfos()
  const pods = Array.from({ length: count }, (_, i) => {
    const metadata = { labels: { app: 'web' } }
    return testPod(`pod-${i}`, { metadata, spec: { ...requesting(small), ...spec } })
  })
  const started = realClock.elapsed()
  for (const each of pods) {
    const pod = infos.of(each)
    const decision = scheduling.decide(framework, pod, () => [])
    if (decision.type === 'failed' || decision.type === 'no nodes') throw new Error(decision.type)
    if (decision.type === 'fits') table.assume(pod, decision.nodeName)
  }
  return (count * 1_000) / (realClock.elapsed() - started)
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
