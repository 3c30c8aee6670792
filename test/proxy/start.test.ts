import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndpointSlice, Event, Node, Service } from '#api'
import { silentLog } from '#base'
import { Informers } from '#client'
import { FakeExec, FakeNft, LinuxError, type Nft } from '#linux'
import { removeProxyRules, startProxy, type ProxyOptions } from '#proxy'
import { testCluster, type TestCluster } from '../client/cluster.ts'

function optionsOf(cluster: TestCluster, informers: Informers, nft: Nft): ProxyOptions {
  return {
    client: cluster.client,
    informers,
    clock: cluster.clock,
    random: cluster.random,
    log: silentLog,
    nodeName: 'node-1',
    nodeIps: ['192.0.2.1'],
    nft,
    exec: new FakeExec(),
    clusterCidrs: ['10.42.0.0/16'],
  }
}

const slice = (name: string, ip: string) => ({
  metadata: { name, labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [ip], nodeName: 'node-1', conditions: {} }],
  ports: [{ name: '', port: 8_080, protocol: 'TCP' }],
})

/** A cluster with a Service, and a proxy that has its first rules. */
async function started(cluster: TestCluster, nft: Nft, labels: Record<string, string> = {}) {
  const { client, clock, random } = cluster
  await client.resource(Node).create({ metadata: { name: 'node-1', labels } })
  const services = client.resource(Service).namespace('default')
  const slices = client.resource(EndpointSlice).namespace('default')
  await services.create({
    metadata: { name: 'web' },
    spec: { clusterIP: '10.43.0.9', ports: [{ port: 80 }] },
  })
  await slices.create(slice('web-1', '10.42.0.1'))
  const informers = new Informers(client, { clock, random, log: silentLog })
  const starting = startProxy(optionsOf(cluster, informers, nft))
  await informers.start()
  const proxy = await starting
  return { proxy, informers, services, slices }
}

test('the first rules have all that was there, and later ones what comes', async () => {
  await using cluster = await testCluster()
  const nft = new FakeNft()
  const { proxy, informers, slices, services } = await started(cluster, nft)
  assert.match(nft.dump(), /service-ips 10\.43\.0\.9 \. tcp \. 80 : goto service-/)
  assert.match(nft.dump(), /dnat to 10\.42\.0\.1:8080/)
  assert.match(nft.dump(), /set service-cidrs 10\.43\.0\.0\/24/)
  await slices.create(slice('web-2', '10.42.0.2'))
  await cluster.clock.advance(1_000)
  assert.match(nft.dump(), /dnat to 10\.42\.0\.2:8080/)
  await slices.delete('web-1')
  await cluster.clock.advance(1_000)
  assert.doesNotMatch(nft.dump(), /dnat to 10\.42\.0\.1:8080/)
  await services.delete('web')
  await cluster.clock.advance(1_000)
  assert.doesNotMatch(nft.dump(), /10\.43\.0\.9/)
  assert.match(proxy.metrics(), /sync_proxy_rules_service_changes_pending 0/)
  const { items } = await cluster.client.resource(Event).list()
  assert.ok(
    items.some(
      ({ reason, involvedObject }) => reason === 'Starting' && involvedObject.name === 'node-1',
    ),
  )
  await proxy[Symbol.asyncDispose]()
  const left = nft.dump()
  assert.match(left, /10\.43\.0\.1 \. tcp \. 443/)
  await informers[Symbol.asyncDispose]()
  await removeProxyRules(nft)
  assert.equal(nft.dump(), '')
})

test('another zone of the node is another choice of endpoints', async () => {
  await using cluster = await testCluster()
  const nft = new FakeNft()
  const zone = 'topology.kubernetes.io/zone'
  const { proxy, informers, slices } = await started(cluster, nft, { [zone]: 'a' })
  const hinted = (name: string, ip: string, zoneName: string) => ({
    ...slice(name, ip),
    endpoints: [{ addresses: [ip], conditions: {}, hints: { forZones: [{ name: zoneName }] } }],
  })
  await slices.delete('web-1')
  await slices.create(hinted('web-a', '10.42.0.1', 'a'))
  await slices.create(hinted('web-b', '10.42.0.2', 'b'))
  await cluster.clock.advance(1_000)
  assert.match(nft.dump(), /dnat to 10\.42\.0\.1:/)
  assert.doesNotMatch(nft.dump(), /dnat to 10\.42\.0\.2:/)
  const patch = { metadata: { labels: { [zone]: 'b' } } }
  await cluster.client.resource(Node).patch('node-1', { type: 'merge', patch })
  await cluster.clock.advance(1_000)
  assert.match(nft.dump(), /dnat to 10\.42\.0\.2:/)
  assert.doesNotMatch(nft.dump(), /dnat to 10\.42\.0\.1:/)
  await proxy[Symbol.asyncDispose]()
  await informers[Symbol.asyncDispose]()
})

/** A kernel that does not know a family. */
class OneFamily extends FakeNft {
  readonly #missing: string

  constructor(missing: 'ip' | 'ip6') {
    super()
    this.#missing = missing
  }

  override async check(script: string): Promise<void> {
    if (script.startsWith(`add table ${this.#missing} `)) {
      throw new LinuxError('CommandFailed', 'nft: Operation not supported')
    }
    await super.check(script)
  }
}

test('a kernel without IPv6 is served in IPv4', async () => {
  await using cluster = await testCluster()
  const nft = new OneFamily('ip6')
  const { proxy, informers } = await started(cluster, nft)
  assert.match(nft.dump(), /dnat to 10\.42\.0\.1:8080/)
  assert.doesNotMatch(nft.dump(), /^ip6/m)
  await proxy[Symbol.asyncDispose]()
  await informers[Symbol.asyncDispose]()
  await removeProxyRules(nft)
})

test('a kernel that refuses the family of the node ends the start', async () => {
  await using cluster = await testCluster()
  const nft = new OneFamily('ip')
  await assert.rejects(started(cluster, nft), /Operation not supported/)
  assert.equal(nft.dump(), '')
})

test('first rules that are refused end the start', async () => {
  await using cluster = await testCluster()
  const nft = new FakeNft()
  nft.failures = 1
  await assert.rejects(started(cluster, nft), { reason: 'CommandFailed' })
  assert.equal(nft.dump(), '')
})

test('informers that are stopped end the start', async () => {
  await using cluster = await testCluster()
  const { clock, random } = cluster
  const informers = new Informers(cluster.client, { clock, random, log: silentLog })
  const starting = startProxy(optionsOf(cluster, informers, new FakeNft()))
  await informers[Symbol.asyncDispose]()
  await assert.rejects(starting, { reason: 'Closed' })
})
