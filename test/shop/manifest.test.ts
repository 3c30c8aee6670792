import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap, Deployment, Secret, Service } from '#api'
import { poll, realClock } from '#base'
import { startCluster } from '#cluster'
import { shopObjects } from './manifest.ts'

test('the example is what an API server, its controllers and a scheduler take', async () => {
  await using cluster = await startCluster({ simulatedNodes: 2 })
  const { client } = cluster
  for (const each of shopObjects('ConfigMap')) {
    await client.resource(ConfigMap).namespace('default').create(each)
  }
  for (const each of shopObjects('Secret')) {
    await client.resource(Secret).namespace('default').create(each)
  }
  for (const each of shopObjects('Service')) {
    await client.resource(Service).namespace('default').create(each)
  }
  const deployments = client.resource(Deployment).namespace('default')
  for (const each of shopObjects('Deployment')) await deployments.create(each)
  const limits = { clock: realClock, intervalMs: 20, timeoutMs: 20_000, what: 'the shop to be up' }
  await poll(limits, async () => {
    const { items } = await deployments.list()
    return items.every(({ spec, status }) => status.availableReplicas === spec.replicas)
  })
  const services = await client.resource(Service).namespace('default').list()
  const front = services.items.find(({ metadata }) => metadata.name === 'shop-front')
  assert.equal(front?.spec?.ports?.[0]?.nodePort, 30_080)
})
