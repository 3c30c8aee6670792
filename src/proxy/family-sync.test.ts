import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice, Service } from '#api'
import { seededRandom, silentLog, VirtualClock } from '#base'
import { FakeNft } from '#linux'
import { desiredOf } from './desired.ts'
import { familyNames } from './family.ts'
import { FamilySync } from './family-sync.ts'
import { ProxyHealth } from './health/proxy-health.ts'
import { healthTimeoutMs, syncIntervalMinMs, syncPeriodMs } from './limits.ts'
import { ProxyMetrics } from './metrics.ts'
import type { UdpTargets } from './stale-flows.ts'
import { testService, testSlice } from './testing/objects.ts'

const { table } = familyNames.IPv4
const facts = { family: 'IPv4', nodeIps: ['192.0.2.1'], clusterCidrs: ['10.42.0.0/16'] } as const
const node = { ...facts, knowsPods: true, nodeName: 'here', zone: '' }

/** A sync of one family over the twin, and the objects it is about. */
function testSync() {
  const clock = new VirtualClock()
  const nft = new FakeNft()
  const objects = new Map<string, { service: Service; slices: EndpointSlice[] }>()
  const cleaned: UdpTargets[] = []
  const metrics = new ProxyMetrics(clock, ['IPv4'])
  const health = new ProxyHealth(clock)
  const stopping = new AbortController()
  const sync = new FamilySync({
    ...facts,
    nft,
    clock,
    metrics,
    health,
    random: seededRandom(1),
    log: silentLog,
    conntrack: {
      async deleteStale(targets) {
        cleaned.push(targets)
        return 1
      },
    },
    desired(owner) {
      const found = objects.get(owner)
      return found === undefined ? undefined : desiredOf(found.service, found.slices, node)
    },
    applied() {},
  })
  const set = (
    name: string,
    ips: readonly string[],
    spec: object = {},
    ports?: readonly object[],
  ) => {
    const slices = [
      testSlice(
        name,
        ips.map((ip) => ({ ip })),
        ports === undefined ? {} : { ports },
      ),
    ]
    objects.set(`default/${name}`, { service: testService(name, { spec }), slices })
    sync.mark(`default/${name}`)
  }
  const ended = () => sync.run(stopping.signal).catch((error: unknown) => error)
  return {
    clock,
    nft,
    sync,
    set,
    cleaned,
    metrics,
    health,
    start: ended,
    stop: () => stopping.abort(new Error('the test is over')),
    remove: (name: string) => {
      objects.delete(`default/${name}`)
      sync.mark(`default/${name}`)
    },
  }
}

test('changes of one turn are one transaction, at once; the next one waits a moment', async () => {
  const { clock, nft, set, start, stop } = testSync()
  const ended = start()
  await clock.settle()
  assert.equal(nft.scripts.length, 1)
  await clock.advance(syncIntervalMinMs)
  set('a', ['10.42.0.1'])
  set('b', ['10.42.0.2'], { clusterIP: '10.43.0.2', clusterIPs: ['10.43.0.2'] })
  await clock.settle()
  assert.equal(nft.scripts.length, 2)
  set('a', ['10.42.0.3'])
  await clock.settle()
  set('a', ['10.42.0.4'])
  await clock.settle()
  assert.equal(nft.scripts.length, 2)
  await clock.advance(syncIntervalMinMs)
  assert.equal(nft.scripts.length, 3)
  assert.match(nft.dump(), /dnat to 10\.42\.0\.4:8080/)
  assert.doesNotMatch(nft.dump(), /10\.42\.0\.[13]:/)
  stop()
  assert.match(String(await ended), /the test is over/)
})

test('a change that changes nothing here costs no transaction', async () => {
  const { clock, nft, set, sync, metrics } = testSync()
  set('a', ['10.42.0.1'])
  await sync.sync()
  set('a', ['10.42.0.1'])
  await sync.sync()
  assert.equal(nft.scripts.length, 1)
  assert.match(metrics.text(), /kubeproxy_sync_full_proxy_rules_duration_seconds_count.* 1/)
  assert.match(metrics.text(), /kubeproxy_sync_partial_proxy_rules_duration_seconds_count.* 1/)
  assert.equal(clock.elapsed(), 0)
})

test('what fails is tried again, later each time, as a rewrite with what came meanwhile', async () => {
  const { clock, nft, set, remove, start, stop, metrics, health } = testSync()
  const ended = start()
  set('a', ['10.42.0.1'])
  await clock.advance(1_000)
  const applied = nft.scripts.length
  nft.failures = 3
  set('a', ['10.42.0.2'])
  await clock.settle()
  assert.match(metrics.text(), /nftables_sync_failures_total\{ip_family="IPv4"\} 1/)
  set('b', ['10.42.0.3'], { clusterIP: '10.43.0.2', clusterIPs: ['10.43.0.2'] })
  remove('a')
  await clock.advance(5_000)
  assert.equal(nft.failures, 0)
  assert.equal(nft.scripts.length, applied + 1)
  assert.match(nft.scripts.at(-1) ?? '', /^add table ip kube-proxy\ndelete table ip kube-proxy\n/)
  assert.match(nft.dump(), /10\.42\.0\.3:8080/)
  assert.doesNotMatch(nft.dump(), /10\.42\.0\.[12]:/)
  assert.ok(health.healthy)
  stop()
  await ended
})

test('a proxy that cannot keep up is unhealthy until it can', async () => {
  const { clock, nft, set, start, stop, health } = testSync()
  const ended = start()
  nft.failures = 1_000
  set('a', ['10.42.0.1'])
  await clock.advance(healthTimeoutMs - 1)
  assert.ok(health.healthy)
  await clock.advance(1)
  assert.ok(!health.healthy)
  nft.failures = 0
  await clock.advance(60_000)
  assert.ok(health.healthy)
  stop()
  await ended
})

test('rules that someone else removed come back, though nothing has changed', async () => {
  const { clock, nft, set, start, stop } = testSync()
  const ended = start()
  set('a', ['10.42.0.1'])
  await clock.advance(1_000)
  const before = nft.dump()
  await nft.apply('delete table ip kube-proxy')
  await clock.advance(syncPeriodMs)
  assert.equal(nft.dump(), before)
  const { length } = nft.scripts
  await clock.advance(3 * syncPeriodMs)
  assert.equal(nft.scripts.length, length)
  stop()
  await ended
})

test('clients stay with their endpoints through a rewrite', async () => {
  const { nft, set, sync } = testSync()
  const sticky = { sessionAffinity: 'ClientIP' }
  set('a', ['10.42.0.1', '10.42.0.2'], sticky)
  await sync.sync()
  const [kept, lost] = (await nft.listSets(table)).filter(({ name }) => name.startsWith('aff'))
  assert.ok(kept && lost)
  nft.learn(table, kept.name, '10.42.0.9 timeout 60s expires 30s')
  nft.learn(table, lost.name, '10.42.0.8 timeout 60s expires 30s')
  nft.failures = 1
  const left = kept.name.includes('10.42.0.1/') ? '10.42.0.1' : '10.42.0.2'
  set('a', [left], sticky)
  await assert.rejects(sync.sync(), { reason: 'CommandFailed' })
  await sync.sync()
  const sets = (await nft.listSets(table)).filter(({ name }) => name.startsWith('aff'))
  assert.deepEqual(sets, [
    { name: kept.name, elements: [{ value: '10.42.0.9', timeoutSeconds: 60, expiresSeconds: 30 }] },
  ])
})

test('flows are looked at when UDP endpoints are others, and only then', async () => {
  const { set, remove, sync, cleaned } = testSync()
  const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }]
  const udp = (ips: readonly string[]) =>
    set('dns', ips, { ports }, [{ name: 'dns', port: 5_353, protocol: 'UDP' }])
  udp(['10.42.0.1'])
  set('web', ['10.42.0.5'])
  await sync.sync()
  assert.equal(cleaned.length, 1)
  assert.deepEqual([...(cleaned[0]?.byAddress.keys() ?? [])], ['10.43.0.1 53'])
  set('web', ['10.42.0.6'])
  udp(['10.42.0.1'])
  await sync.sync()
  assert.equal(cleaned.length, 1)
  udp(['10.42.0.2'])
  await sync.sync()
  assert.equal(cleaned.length, 2)
  udp([])
  remove('web')
  await sync.sync()
  assert.equal(cleaned.length, 2)
  udp(['10.42.0.2'])
  await sync.sync()
  assert.equal(cleaned.length, 3)
})

test('ports whose endpoints are all elsewhere are counted, for as long as they are', async () => {
  const { set, remove, sync, metrics } = testSync()
  const counted = () =>
    /no_local_endpoints_total\{ip_family="IPv4",traffic_policy="internal"\} (\d+)/.exec(
      metrics.text(),
    )?.[1]
  set('a', ['10.42.0.1'], { internalTrafficPolicy: 'Local' })
  await sync.sync()
  assert.equal(counted(), '1')
  remove('a')
  await sync.sync()
  assert.equal(counted(), '0')
})
