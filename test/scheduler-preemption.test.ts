import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Event, Pod, PriorityClass, type PodInput } from '#api'
import { startCluster, type Cluster } from '#cluster'
import { hasReason } from '#machinery'

function pod(name: string, priorityClassName: string, cpu: string, grace = 5): PodInput {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      priorityClassName,
      terminationGracePeriodSeconds: grace,
      containers: [{ name: 'main', image: 'web', resources: { requests: { cpu } } }],
    },
  }
}

async function startWithClasses(): Promise<Cluster> {
  const cluster = await startCluster({ simulatedNodes: 1, virtualTime: true, seed: 1 })
  for (const [name, value] of [
    ['low', 1],
    ['high', 1_000],
  ] as const) {
    await cluster.client.resource(PriorityClass).create({ metadata: { name }, value })
  }
  return cluster
}

test('a pod of higher priority gets the room of those that are less important', async () => {
  await using cluster = await startWithClasses()
  const pods = cluster.client.resource(Pod).namespace('default')
  const annotations = { 'simulation.k8ts.dev/stop-delay': '4s' }
  for (const name of ['one', 'two']) {
    const low = pod(name, 'low', '3')
    await pods.create({ ...low, metadata: { ...low.metadata, annotations } })
  }
  await cluster.advance('5s')
  assert.equal((await pods.get('two')).status.phase, 'Running')
  await pods.create(pod('important', 'high', '5'))
  await cluster.advance('1s')

  const waiting = await pods.get('important')
  assert.equal(waiting.status.nominatedNodeName, 'simulated-0')
  const scheduled = waiting.status.conditions?.find(({ type }) => type === 'PodScheduled')
  assert.equal(scheduled?.message, '0/1 nodes are available: 1 Insufficient cpu.')
  const all = (await pods.list()).items
  const [victim, ...others] = all.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
  assert.equal(others.length, 0)
  const condition = victim?.status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  assert.equal(condition?.reason, 'PreemptionByScheduler')
  assert.equal(
    condition.message,
    'default-scheduler: preempting to accommodate a higher priority pod',
  )

  await cluster.advance('20s')
  const placed = await pods.get('important')
  assert.equal(placed.spec.nodeName, 'simulated-0')
  assert.equal(placed.status.phase, 'Running')
  await assert.rejects(pods.get(victim?.metadata.name ?? ''), (error) =>
    hasReason(error, 'NotFound'),
  )
  const events = await cluster.client.resource(Event).namespace('default').list()
  const told = events.items.find(({ reason }) => reason === 'Preempted')
  assert.equal(told?.involvedObject.name, victim?.metadata.name)
  assert.equal(told?.message, `Preempted by pod ${placed.metadata.uid} on node simulated-0`)
})

test('nobody takes the room that is being made for another', async () => {
  await using cluster = await startWithClasses()
  const pods = cluster.client.resource(Pod).namespace('default')
  const low = pod('low', 'low', '8')
  const annotations = { 'simulation.k8ts.dev/stop-delay': '4s' }
  await pods.create({ ...low, metadata: { ...low.metadata, annotations } })
  await cluster.advance('5s')
  await pods.create(pod('important', 'high', '8'))
  await cluster.advance('1s')
  await pods.create(pod('late', 'low', '8'))
  await cluster.advance('30s')
  assert.equal((await pods.get('important')).spec.nodeName, 'simulated-0')
  assert.equal((await pods.get('late')).spec.nodeName, undefined)
})
