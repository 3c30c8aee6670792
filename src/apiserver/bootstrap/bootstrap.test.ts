import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realClock, seededRandom, silentLog } from '#base'
import type { ClusterRole, ConfigMap, Service } from '#api'
import { openStore, type Store } from '#store'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'
import { bootstrap, SystemClient } from './index.ts'

const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'

function again({ registry }: TestRegistry, clientCa?: string): Promise<void> {
  return bootstrap({
    client: new SystemClient(registry),
    registry,
    serviceCidrs: ['10.43.0.0/16'],
    clientCa,
    requestHeaderCa: undefined,
    advertise: undefined,
  })
}

function memoryStore(): Promise<Store> {
  return openStore({ type: 'memory', clock: realClock, random: seededRandom(9), log: silentLog })
}

/** Everything in a store, as text. */
async function contents(store: Store): Promise<string[]> {
  const { records } = await store.range({ start: '/registry/', end: '/registry0' })
  return records.map(
    ({ key, value, modRevision }) => `${modRevision} ${key} ${Buffer.from(value).toString()}`,
  )
}

// Must stay the first test: later ones find the templates made.
test('the first cluster of a process and the next are made alike', async () => {
  const clock = {
    now: () => 1_700_000_000_000,
    elapsed: () => 0,
    timer: realClock.timer.bind(realClock),
    sleep: realClock.sleep.bind(realClock),
    yield: realClock.yield.bind(realClock),
  }
  const made = []
  for (let round = 0; round < 2; round++) {
    await using server = await testRegistry({ clock, random: seededRandom(5) })
    made.push(await contents(server.registry.store))
  }
  assert.deepEqual(made[0], made[1])
})

test('what every cluster has', async () => {
  await using server = await testRegistry()
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    await server.ask('GET', `/api/v1/namespaces/${name}`)
  }
  const kubernetes = await server.object<Service>(
    'GET',
    '/api/v1/namespaces/default/services/kubernetes',
  )
  assert.equal(kubernetes.spec.clusterIP, '10.43.0.1')
  await server.ask('GET', '/apis/networking.k8s.io/v1/ipaddresses/10.43.0.1')
  await server.ask('GET', '/apis/scheduling.k8s.io/v1/priorityclasses/system-cluster-critical')
  const view = await server.object<ClusterRole>('GET', `${roles}/view`)
  assert.ok((view.rules ?? []).length > 5, 'aggregated roles have their rules from the start')
  assert.deepEqual(
    view.metadata.managedFields?.map(({ manager }) => manager),
    ['kube-apiserver'],
  )
})

test('a second time nothing is written', async () => {
  await using server = await testRegistry()
  const { revision } = await server.registry.store.status()
  await again(server)
  assert.equal((await server.registry.store.status()).revision, revision)
})

test('what has been taken away comes back, and the CA is brought up to date', async () => {
  await using server = await testRegistry()
  await server.ask('DELETE', `${roles}/system:basic-user`)
  const admin = await server.object<ClusterRole>('GET', `${roles}/cluster-admin`)
  await server.ask('PUT', `${roles}/cluster-admin`, { body: { ...admin, rules: [] } })
  await again(server, 'new')
  await server.ask('GET', `${roles}/system:basic-user`)
  const restored = await server.object<ClusterRole>('GET', `${roles}/cluster-admin`)
  assert.deepEqual(restored.rules, admin.rules)
  const map = await server.object<ConfigMap>(
    'GET',
    '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
  )
  assert.equal(map.data?.['client-ca-file'], 'new')
})

test('two servers at once make one cluster', async () => {
  await using store = await memoryStore()
  const servers = await Promise.all([
    testRegistry({ store, random: seededRandom(1) }),
    testRegistry({ store, random: seededRandom(2) }),
  ])
  const names = async (server: TestRegistry) =>
    (await server.object<{ items: ClusterRole[] }>('GET', roles)).items.map(
      ({ metadata }) => `${metadata.name} ${metadata.uid}`,
    )
  const [first, second] = servers
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual(await names(first), await names(second))
  for (const server of servers) await server[Symbol.asyncDispose]()
})
