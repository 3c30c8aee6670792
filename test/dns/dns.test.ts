import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { EndpointSlice, Namespace, Service } from '#api'
import { poll, realClock, realRandom, silentLog } from '#base'
import { Informers } from '#client'
import { startCluster } from '#cluster'
import { startDns } from '#dns'
import { overTcp, startTestDns } from './dns-under-test.ts'

const soon = (what: string) => ({ clock: realClock, intervalMs: 5, timeoutMs: 10_000, what })
const query = (name: string) => {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)])
  return Buffer.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1])
}
const framed = (bytes: Buffer) => Buffer.concat([Buffer.from([0, bytes.length]), bytes])

test('a foreign client finds a cluster by name', async () => {
  await using under = await startTestDns()
  const { cluster, resolver } = under
  const services = cluster.client.resource(Service).namespace('default')
  const slices = cluster.client.resource(EndpointSlice).namespace('default')
  await services.create({
    metadata: { name: 'web' },
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.43.7.7',
      ports: [{ name: 'http', port: 80 }],
    },
  })
  await services.create({
    metadata: { name: 'db' },
    spec: { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] },
  })
  await services.create({
    metadata: { name: 'away' },
    spec: { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' },
  })
  await slices.create({
    metadata: { name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.42.0.8'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.42.0.9'], hostname: 'db-1', conditions: { ready: false } },
    ],
  })
  const at = (name: string) => `${name}.default.svc.cluster.local`
  await poll(soon('the names'), async () => {
    const known = [at('web'), at('db'), at('away')].map((name) => resolver.resolve4(name))
    return (await Promise.allSettled(known)).every(({ status }) => status === 'fulfilled')
  })
  assert.deepEqual(await resolver.resolve4(at('web'), { ttl: true }), [
    { address: '10.43.7.7', ttl: 30 },
  ])
  assert.deepEqual(await resolver.resolve4(at('away')), ['10.43.7.7'])
  assert.deepEqual(await resolver.resolveCname(at('away')), [at('web')])
  assert.deepEqual(await resolver.resolve4(at('db')), ['10.42.0.8'])
  assert.deepEqual(await resolver.resolve4(`db-0.${at('db')}`), ['10.42.0.8'])
  const [server, ...others] = await resolver.resolveSrv(`_sql._tcp.${at('db')}`)
  assert.deepEqual([server?.name, server?.port, others], [`db-0.${at('db')}`, 5432, []])
  assert.deepEqual(await resolver.reverse('10.43.7.7'), [at('web')])
  assert.deepEqual(await resolver.reverse('10.42.0.8'), [`db-0.${at('db')}`])
  assert.deepEqual(await resolver.resolveTxt('dns-version.cluster.local'), [['1.1.0']])
  assert.deepEqual(await resolver.resolve4('10-42-0-8.default.pod.cluster.local'), ['10.42.0.8'])
  const authority = await resolver.resolveSoa('cluster.local')
  assert.deepEqual(
    [authority.nsname, authority.hostmaster, authority.minttl],
    ['ns.dns.cluster.local', 'hostmaster.cluster.local', 30],
  )
  assert.deepEqual(await resolver.resolveNs('cluster.local'), ['ns.dns.cluster.local'])
  await assert.rejects(resolver.resolve6(at('web')), { code: 'ENODATA' })
  await assert.rejects(resolver.resolve4(at('none')), { code: 'ENOTFOUND' })
  await assert.rejects(resolver.resolve4('example.com'), { code: 'ESERVFAIL' })

  await slices.patch('db-1', {
    type: 'merge',
    patch: { endpoints: [{ addresses: ['10.42.0.9'], hostname: 'db-1' }] },
  })
  await poll(soon('the other endpoint'), async () =>
    (await resolver.resolve4(at('db'))).includes('10.42.0.9'),
  )
  await services.delete('web')
  await poll(soon('the end of the name'), () =>
    resolver.resolve4(at('web')).then(
      () => false,
      () => true,
    ),
  )
  await assert.rejects(resolver.resolve4(at('away')), { code: 'ENOTFOUND' })
})

test('an answer that does not fit into a datagram is had over TCP', async () => {
  await using under = await startTestDns()
  const { cluster, dns, resolver } = under
  const namespaced = { namespace: 'wide' }
  await cluster.client.resource(Namespace).create({ metadata: { name: namespaced.namespace } })
  await cluster.client
    .resource(Service)
    .namespace('wide')
    .create({ metadata: { name: 'many' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } })
  const addresses = Array.from({ length: 250 }, (_, i) => `10.42.3.${i + 1}`)
  await cluster.client
    .resource(EndpointSlice)
    .namespace('wide')
    .create({
      metadata: { name: 'many-1', labels: { 'kubernetes.io/service-name': 'many' } },
      addressType: 'IPv4',
      ports: [{ port: 80, protocol: 'TCP' }],
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    })
  const name = 'many.wide.svc.cluster.local'
  const all = await poll(soon('the endpoints'), () =>
    resolver.resolve4(name).catch(() => undefined),
  )
  assert.deepEqual(all.sort(), addresses.sort())
  assert.match(dns.metrics(), /coredns_dns_requests_total\{.*proto="tcp".*\} \d/)
})

test('a connection takes several questions, and ends as its client does', async () => {
  await using under = await startTestDns()
  const two = [framed(query('dns.cluster.local')), framed(query('x.cluster.local'))]
  const replies = await overTcp(under.port, Buffer.concat(two))
  const codes: number[] = []
  for (let at = 0; at < replies.length; at += 2 + replies.readUInt16BE(at)) {
    codes.push((replies[at + 5] ?? 0) & 0xf)
  }
  assert.deepEqual(new Set(codes), new Set([0, 3]))
  assert.equal((await overTcp(under.port, Buffer.from([0]))).length, 0)
  assert.equal((await overTcp(under.port, Buffer.from([0, 0, 0, 3, 1, 2, 3]))).length, 0)
})

test('garbage hurts nobody', async () => {
  await using under = await startTestDns()
  const socket = createSocket('udp4')
  try {
    for (let length = 0; length < 600; length += 3) {
      socket.send(realRandom.bytes(length), under.port, '127.0.0.1')
    }
    assert.deepEqual(await under.resolver.resolveTxt('dns-version.cluster.local'), [['1.1.0']])
  } finally {
    socket.close()
  }
})

test('nothing is left of a start that fails, and what is wrong is named', async () => {
  await using cluster = await startCluster({ apiOnly: true })
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const bound = taken.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  const services = { clock: realClock, random: realRandom, log: silentLog }
  await using informers = new Informers(cluster.client, services)
  await using idle = new Informers(cluster.client, services)
  await informers.start()
  const usual = {
    ...services,
    informers,
    addresses: ['127.0.0.1'],
    port,
    domain: 'cluster.local',
    serviceCidrs: [],
    podCidrs: [],
    forwardTo: [],
  }
  await assert.rejects(startDns(usual), {
    reason: 'ListenFailed',
    message: new RegExp(`^DNS cannot listen at 127.0.0.1 port ${port}: .*EADDRINUSE`),
  })
  // The port is free of UDP again.
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  await once(socket, 'listening')
  socket.close()
  taken.close()
  const wrong = [
    [{ addresses: ['localhost'] }, /^addresses: localhost is not an IP address$/],
    [{ addresses: [] }, /^addresses: name one at least, such as 10\.43\.0\.10$/],
    [{ domain: 'Cluster_Local' }, /^domain: Cluster_Local is not a domain/],
    [{ serviceCidrs: ['10.43.0.0'] }, /^serviceCidrs, podCidrs: 10\.43\.0\.0 is not a range/],
    [{ forwardTo: [`127.0.0.1:${port}`] }, /^forwardTo: .* is this server itself/],
  ] as const
  for (const [options, message] of wrong) {
    await assert.rejects(startDns({ ...usual, ...options }), { reason: 'InvalidOptions', message })
  }
  // Informers that are never started: the start ends with its signal.
  const ending = new AbortController()
  const starting = startDns({ ...usual, informers: idle, port: 0, signal: ending.signal })
  ending.abort(new Error('not any more'))
  await assert.rejects(starting, /not any more/)
})
