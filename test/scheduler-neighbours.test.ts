import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment, Node, Pod, Service, type PodInput } from '#api'
import { startCluster, type Cluster } from '#cluster'

const labels = { app: 'web' }
const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const hostName = 'kubernetes.io/hostname'

async function deploy(
  { client }: Cluster,
  name: string,
  replicas: number,
  spec: Partial<NonNullable<PodInput['spec']>> = {},
): Promise<void> {
  const app = { app: name }
  await client
    .resource(Deployment)
    .namespace('default')
    .create({
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: app },
        template: {
          metadata: { labels: app },
          spec: { containers: [{ name: 'main', image: 'web' }], ...spec },
        },
      },
    })
}

async function podsOf({ client }: Cluster, app: string): Promise<readonly Pod[]> {
  const list = await client
    .resource(Pod)
    .namespace('default')
    .list({ labelSelector: `app=${app}` })
  return list.items
}

async function countsByNode(cluster: Cluster, app: string): Promise<readonly number[]> {
  const pods = await podsOf(cluster, app)
  const counts = new Map<string, number>()
  for (const { spec } of pods) {
    counts.set(spec.nodeName ?? '', (counts.get(spec.nodeName ?? '') ?? 0) + 1)
  }
  return [...counts.values()].sort((a, b) => a - b)
}

test('pods that do not want each other get a node each; who finds none waits until one goes', async () => {
  await using cluster = await startCluster({ simulatedNodes: 3, virtualTime: true, seed: 1 })
  const podAntiAffinity = {
    [required]: [{ topologyKey: hostName, labelSelector: { matchLabels: labels } }],
  }
  await deploy(cluster, 'web', 4, { affinity: { podAntiAffinity } })
  await cluster.advance('20s')
  const pods = await podsOf(cluster, 'web')
  const waiting = pods.filter(({ spec }) => spec.nodeName === undefined)
  assert.equal(waiting.length, 1)
  const condition = waiting[0]?.status.conditions?.find(({ type }) => type === 'PodScheduled')
  assert.match(
    condition?.message ?? '',
    /^0\/3 nodes are available: 3 node\(s\) didn't match pod anti-affinity rules\./,
  )
  const bound = pods.find(({ spec }) => spec.nodeName !== undefined)
  const scale = { type: 'merge', patch: { spec: { replicas: 3 } } } as const
  await cluster.client.resource(Deployment).namespace('default').patch('web', scale)
  await cluster.advance('20s')
  await cluster.client
    .resource(Pod)
    .namespace('default')
    .delete(bound?.metadata.name ?? '', { gracePeriodSeconds: 0 })
  await cluster.advance('20s')
  assert.deepEqual(await countsByNode(cluster, 'web'), [1, 1, 1])
})

test('hard constraints spread over zones, and say which nodes have none', async () => {
  await using cluster = await startCluster({ simulatedNodes: 4, virtualTime: true, seed: 1 })
  const zone = 'topology.kubernetes.io/zone'
  for (const [i, value] of ['east', 'east', 'west', undefined].entries()) {
    const patch = { metadata: { labels: { [zone]: value ?? null } } }
    const nodes = cluster.client.resource(Node)
    await nodes.patch(`simulated-${i}`, { type: 'merge', patch })
  }
  await cluster.advance('1s')
  const constraint = { topologyKey: zone, maxSkew: 1, labelSelector: { matchLabels: labels } }
  await deploy(cluster, 'web', 6, {
    topologySpreadConstraints: [{ ...constraint, whenUnsatisfiable: 'DoNotSchedule' }],
  })
  await cluster.advance('20s')
  const zones = (await podsOf(cluster, 'web')).map(({ spec }) => spec.nodeName)
  assert.equal(zones.filter((name) => name === 'simulated-2').length, 3)
  assert.ok(!zones.includes('simulated-3'))

  await cluster.client.resource(Node).patch('simulated-2', {
    type: 'merge',
    patch: { spec: { unschedulable: true } },
  })
  await cluster.advance('1s')
  const scale = { type: 'merge', patch: { spec: { replicas: 8 } } } as const
  await cluster.client.resource(Deployment).namespace('default').patch('web', scale)
  await cluster.advance('20s')
  const waiting = (await podsOf(cluster, 'web')).find(({ spec }) => spec.nodeName === undefined)
  const condition = waiting?.status.conditions?.find(({ type }) => type === 'PodScheduled')
  assert.match(
    condition?.message ?? '',
    /1 node\(s\) didn't match pod topology spread constraints \(missing required label\)/,
  )
  assert.match(
    condition?.message ?? '',
    /2 node\(s\) didn't match pod topology spread constraints[,.]/,
  )
})

test('pods of a Deployment are spread over nodes, however unequal those are', async () => {
  await using cluster = await startCluster({ simulatedNodes: 4, virtualTime: true, seed: 1 })
  await cluster.client
    .resource(Service)
    .namespace('default')
    .create({ metadata: { name: 'web' }, spec: { selector: labels, ports: [{ port: 80 }] } })
  const containers = [
    { name: 'main', image: 'web', resources: { requests: { cpu: '100m', memory: '1Gi' } } },
  ]
  await deploy(cluster, 'big', 1, { containers })
  await cluster.advance('5s')
  await deploy(cluster, 'web', 8)
  await cluster.advance('20s')
  assert.deepEqual(await countsByNode(cluster, 'web'), [2, 2, 2, 2])
})
