import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realClock, seededRandom, silentLog } from '#base'
import type { IPAddress, Service, ServiceInput } from '#api'
import { openStore } from '#store'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'

const path = '/api/v1/namespaces/default/services'
const addressPath = '/apis/networking.k8s.io/v1/ipaddresses'
const ports = [{ port: 80 }]

type Spec = NonNullable<ServiceInput['spec']>

function create(server: TestRegistry, name: string, spec: Spec): Promise<Service> {
  return server.object('POST', path, { metadata: { name }, spec })
}

/** A Service as a client writes it back with changes. */
function update(server: TestRegistry, service: Service, spec: Partial<Spec>): Promise<Service> {
  const { name = '' } = service.metadata
  return server.object('PUT', `${path}/${name}`, { ...service, spec: { ...service.spec, ...spec } })
}

/** The addresses that Services have, besides that of `kubernetes`. */
async function addresses(server: TestRegistry): Promise<string[]> {
  const { items } = await server.object<{ items: IPAddress[] }>('GET', addressPath)
  return items.map(({ metadata }) => metadata.name ?? '').filter((name) => name !== '10.43.0.1')
}

test('a Service gets an address of the range, owned by an IPAddress, and frees it', async () => {
  await using server = await testRegistry()
  const { spec } = await create(server, 'a', { ports })
  assert.match(spec.clusterIP ?? '', /^10\.43\./)
  assert.deepEqual(spec.clusterIPs, [spec.clusterIP])
  assert.deepEqual(spec.ipFamilies, ['IPv4'])
  assert.equal(spec.ipFamilyPolicy, 'SingleStack')
  const owned = await server.object<IPAddress>('GET', `${addressPath}/${spec.clusterIP}`)
  assert.deepEqual(owned.spec.parentRef, { resource: 'services', namespace: 'default', name: 'a' })
  await server.object('DELETE', `${path}/a`)
  assert.deepEqual(await addresses(server), [])
})

test('an address the client chooses', async () => {
  await using server = await testRegistry()
  await create(server, 'a', { clusterIP: '10.43.0.10', ports })
  const rows: readonly (readonly [string, RegExp])[] = [
    ['10.43.0.10', /failed to allocate IP 10.43.0.10: provided IP is already allocated$/],
    ['10.43.0.1', /failed to allocate IP 10.43.0.1: provided IP is already allocated$/],
    ['10.43.0.0', /the provided IP \(10.43.0.0\) is not in the valid range/],
    ['10.43.255.255', /is not in the valid range. The range of valid IPs is 10.43.0.0\/16$/],
    ['1.2.3.4', /the provided IP \(1.2.3.4\) is not in the valid range/],
    ['no', /spec.clusterIPs\[0\]: Invalid value: "no": must be a valid IP address/],
    ['fd00::1', /may not use IPv6 on a cluster which is not configured for it$/],
  ]
  for (const [clusterIP, message] of rows) {
    const body = { metadata: { name: 'b' }, spec: { clusterIP, ports } }
    const status = await server.refused('POST', path, body)
    assert.equal(status.code, 422, clusterIP)
    assert.match(status.message ?? '', message)
  }
  assert.deepEqual(await addresses(server), ['10.43.0.10'])
})

test('headless Services and external names have no address', async () => {
  await using server = await testRegistry()
  const headless = await create(server, 'a', { clusterIP: 'None', selector: { a: 'b' }, ports })
  assert.deepEqual(headless.spec.clusterIPs, ['None'])
  assert.deepEqual(headless.spec.ipFamilies, ['IPv4'])
  const selectorless = await create(server, 'b', { clusterIP: 'None', ports })
  assert.equal(selectorless.spec.ipFamilyPolicy, 'RequireDualStack')
  const external = await create(server, 'c', { type: 'ExternalName', externalName: 'example.com' })
  assert.equal(external.spec.clusterIP, undefined)
  assert.equal(external.spec.ipFamilies, undefined)
  assert.deepEqual(await addresses(server), [])
})

test('a change of type takes and frees addresses and ports', async () => {
  await using server = await testRegistry()
  const made = await create(server, 'a', { ports })
  const exposed = await update(server, made, { type: 'NodePort' })
  assert.equal(exposed.spec.clusterIP, made.spec.clusterIP)
  const nodePort = exposed.spec.ports?.[0]?.nodePort ?? 0
  assert.ok(nodePort >= 30_000 && nodePort <= 32_767)
  const hidden = await update(server, exposed, { type: 'ClusterIP' })
  assert.equal(hidden.spec.ports?.[0]?.nodePort, undefined)
  const again = await create(server, 'b', { type: 'NodePort', ports: [{ port: 80, nodePort }] })
  assert.equal(again.spec.ports?.[0]?.nodePort, nodePort)
  const external = await update(server, hidden, {
    type: 'ExternalName',
    externalName: 'example.com',
  })
  assert.equal(external.spec.clusterIP, undefined)
  assert.deepEqual(await addresses(server), again.spec.clusterIPs)
})

test('an update that leaves out what was allocated keeps it', async () => {
  await using server = await testRegistry()
  const made = await create(server, 'a', {
    type: 'NodePort',
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  })
  const changed = await server.object<Service>('PUT', `${path}/a`, {
    metadata: { name: 'a' },
    spec: {
      type: 'NodePort',
      ports: [
        { name: 'b', port: 82 },
        { name: 'a', port: 80 },
      ],
    },
  })
  assert.equal(changed.spec.clusterIP, made.spec.clusterIP)
  const before = new Map(made.spec.ports?.map(({ name, nodePort }) => [name, nodePort]))
  for (const { name, nodePort } of changed.spec.ports ?? []) {
    assert.equal(nodePort, before.get(name))
  }
})

test('node ports the client chooses', async () => {
  await using server = await testRegistry()
  const type = 'NodePort'
  await create(server, 'a', { type, ports: [{ port: 80, nodePort: 30_080 }] })
  const refused = async (nodePort: number) => {
    const spec = { type, ports: [{ port: 80, nodePort }] }
    return (await server.refused('POST', path, { metadata: { name: 'b' }, spec })).message
  }
  assert.equal(
    await refused(30_080),
    'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
  )
  assert.equal(
    await refused(80),
    'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
  )
})

test('ports of one number and two protocols share a node port', async () => {
  await using server = await testRegistry()
  const { spec } = await create(server, 'a', {
    type: 'NodePort',
    ports: [
      { name: 'tcp', port: 53, protocol: 'TCP' },
      { name: 'udp', port: 53, protocol: 'UDP' },
      { name: 'web', port: 80 },
    ],
  })
  const [tcp, udp, web] = spec.ports ?? []
  assert.equal(tcp?.nodePort, udp?.nodePort)
  assert.notEqual(tcp?.nodePort, web?.nodePort)
})

test('a load balancer that keeps client addresses gets a health check port', async () => {
  await using server = await testRegistry()
  const made = await create(server, 'a', {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    ports,
  })
  const { healthCheckNodePort = 0 } = made.spec
  assert.ok(healthCheckNodePort >= 30_000)
  assert.notEqual(healthCheckNodePort, made.spec.ports?.[0]?.nodePort)
  const without = await create(server, 'b', {
    type: 'LoadBalancer',
    allocateLoadBalancerNodePorts: false,
    ports,
  })
  assert.equal(without.spec.ports?.[0]?.nodePort, undefined)
})

test('a dry run allocates for show only', async () => {
  await using server = await testRegistry()
  const body = { metadata: { name: 'a' }, spec: { type: 'NodePort', ports } }
  const shown = await server.object<Service>('POST', `${path}?dryRun=All`, body)
  assert.match(shown.spec.clusterIP ?? '', /^10\.43\./)
  assert.deepEqual(await addresses(server), [])
})

test('a small range is used up, and not beyond', async () => {
  await using server = await testRegistry({ kinds: { serviceCidrs: ['10.9.0.0/29'] } })
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) await create(server, name, { ports })
  const status = await server.refused('POST', path, { metadata: { name: 'f' }, spec: { ports } })
  assert.equal(status.code, 500)
  assert.match(status.message ?? '', /failed to allocate a serviceIP: range is full$/)
})

test('two families', async () => {
  const serviceCidrs = ['10.43.0.0/16', 'fd00:43::/112']
  await using server = await testRegistry({ kinds: { serviceCidrs } })
  const both = await create(server, 'a', { ipFamilyPolicy: 'PreferDualStack', ports })
  assert.deepEqual(both.spec.ipFamilies, ['IPv4', 'IPv6'])
  assert.match(both.spec.clusterIPs?.[1] ?? '', /^fd00:43::/)
  const six = await create(server, 'b', { ipFamilies: ['IPv6'], ports })
  assert.match(six.spec.clusterIP ?? '', /^fd00:43::/)
  const one = await update(server, both, { ipFamilyPolicy: 'SingleStack' })
  assert.deepEqual(one.spec.clusterIPs, both.spec.clusterIPs?.slice(0, 1))
  assert.deepEqual(one.spec.ipFamilies, ['IPv4'])
  await assert.rejects(server.ask('GET', `${addressPath}/${both.spec.clusterIPs?.[1]}`))
})

test('servers that share a store never give an address or port twice', async () => {
  const services = { clock: realClock, random: seededRandom(7), log: silentLog }
  await using store = await openStore({ type: 'memory', ...services })
  const kinds = { serviceCidrs: ['10.9.0.0/27'], nodePorts: { from: 30_000, to: 30_024 } }
  await using first = await testRegistry({ store, kinds, random: seededRandom(1) })
  await using second = await testRegistry({ store, kinds, random: seededRandom(1) })
  const made = await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      create(i % 2 === 0 ? first : second, `s${i}`, { type: 'NodePort', ports }),
    ),
  )
  assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, made.length)
  assert.equal(new Set(made.map(({ spec }) => spec.ports?.[0]?.nodePort)).size, made.length)
})

test('a server that starts later knows what is taken', async () => {
  await using first = await testRegistry()
  const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] } as const
  const made = await create(first, 'a', spec)
  await using second = await testRegistry({ store: first.registry.store, random: seededRandom(2) })
  const refused = async (other: Spec) => {
    const status = await second.refused('POST', path, { metadata: { name: 'b' }, spec: other })
    return status.message ?? ''
  }
  assert.match(await refused(spec), /provided port is already allocated$/)
  assert.match(await refused({ ...made.spec, type: 'ClusterIP', ports }), /provided IP is already/)
  await second.ask('DELETE', `${path}/a`)
  await create(first, 'b', spec)
})

test('a node port whose record was left over can be had', async () => {
  await using server = await testRegistry()
  const key = '/registry/ranges/servicenodeports/30080'
  const value = new TextEncoder().encode('{}')
  await server.registry.store.txn({ compare: [], ops: [{ type: 'put', key, value }] })
  await create(server, 'a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })
})

test('the proxy of a Service says that nobody is there', async () => {
  await using server = await testRegistry()
  await create(server, 'a', { ports })
  const status = await server.refused('GET', `${path}/a:80/proxy/x`)
  assert.equal(status.code, 503)
  assert.equal(status.message, 'no endpoints available for service "a:80"')
  assert.equal((await server.refused('GET', `${path}/b/proxy`)).code, 404)
})
