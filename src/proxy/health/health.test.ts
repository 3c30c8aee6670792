import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '#base'
import { healthTimeoutMs } from '../limits.ts'
import { ProxyMetrics } from '../metrics.ts'
import { healthHandler } from './health-handler.ts'
import { listenHttp, type Handler, type Listen } from './listen.ts'
import { ProxyHealth } from './proxy-health.ts'
import { ServiceHealth } from './service-health.ts'

test('health tells of changes that wait too long, and of nodes that are about to go', () => {
  const clock = new VirtualClock(1_767_225_600_000)
  const health = new ProxyHealth(clock)
  const handler = healthHandler(clock, health, new ProxyMetrics(clock, ['IPv4']))
  const codes = () => ['/healthz', '/livez'].map((path) => handler(path).code)
  assert.deepEqual(codes(), [200, 200])
  assert.equal(
    handler('/healthz').text,
    '{"lastUpdated":"2026-01-01T00:00:00Z","currentTime":"2026-01-01T00:00:00Z","nodeEligible":true}',
  )
  health.nodeEligible = false
  assert.deepEqual(codes(), [503, 200])
  assert.match(handler('/metrics').text, /kubeproxy_proxy_healthz_total\{code="503"\} 1\n/)
  assert.equal(handler('/proxyMode').text, 'nftables')
  assert.equal(handler('/other').code, 404)
})

test('a family that is late is not excused by the other one', async () => {
  const clock = new VirtualClock()
  const health = new ProxyHealth(clock)
  health.queued('IPv4')
  health.queued('IPv6')
  await clock.advance(healthTimeoutMs / 2)
  health.queued('IPv4')
  health.updated('IPv6')
  await clock.advance(healthTimeoutMs / 2)
  assert.ok(!health.healthy)
  health.updated('IPv4')
  assert.ok(health.healthy)
})

/** Ports of a machine without sockets. */
class Ports {
  readonly open = new Map<string, Handler>()
  readonly listen: Listen = async (host, port, handler) => {
    const key = `${host}:${port}`
    if (this.open.has(key)) throw Object.assign(new Error('EADDRINUSE'), { code: 'EADDRINUSE' })
    this.open.set(key, handler)
    return { port, close: async () => void this.open.delete(key) }
  }
}

test('a health port follows its Service, and can move to another one', async () => {
  const ports = new Ports()
  const failures: string[] = []
  let isHealthy = true
  const services = new ServiceHealth({
    listen: ports.listen,
    addresses: ['192.0.2.1', '2001:db8::1'],
    isHealthy: () => isHealthy,
    failed: (service, port) => failures.push(`${service} ${port}`),
  })
  services.set('default/a', { port: 30_001, endpoints: 2 })
  await services.settled()
  assert.deepEqual([...ports.open.keys()], ['192.0.2.1:30001', '2001:db8::1:30001'])
  const ask = () => ports.open.get('192.0.2.1:30001')?.('/')
  assert.equal(ask()?.code, 200)
  assert.equal(ask()?.headers?.['X-Load-Balancing-Endpoint-Weight'], '2')
  assert.deepEqual(JSON.parse(ask()?.text ?? ''), {
    service: { namespace: 'default', name: 'a' },
    localEndpoints: 2,
    serviceProxyHealthy: true,
  })
  isHealthy = false
  assert.equal(ask()?.code, 503)
  isHealthy = true
  services.set('default/a', { port: 30_001, endpoints: 0 })
  assert.equal(ask()?.code, 503)
  // One that takes over in the same moment.
  services.set('default/a', undefined)
  services.set('default/b', { port: 30_001, endpoints: 1 })
  await services.settled()
  assert.match(ask()?.text ?? '', /"name": "b"/)
  // One that is taken is said to be, and nothing of it stays open.
  services.set('default/c', { port: 30_001, endpoints: 1 })
  await services.settled()
  assert.deepEqual(failures, ['default/c 30001'])
  services.set('default/b', undefined)
  services.set('default/c', { port: 30_001, endpoints: 1 })
  await services.settled()
  assert.match(ask()?.text ?? '', /"name": "c"/)
  await services[Symbol.asyncDispose]()
  assert.equal(ports.open.size, 0)
})

test('answers go out over HTTP', async () => {
  const handler: Handler = (path) => ({ code: 200, type: 'text/plain', text: path })
  const server = await listenHttp('127.0.0.1', 0, handler)
  const url = `http://127.0.0.1:${server.port}/some?query`
  const response = await fetch(url)
  assert.equal(await response.text(), '/some')
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  assert.equal((await fetch(url, { method: 'POST' })).status, 405)
  await assert.rejects(listenHttp('127.0.0.1', server.port, handler), { code: 'EADDRINUSE' })
  await server.close()
  await assert.rejects(fetch(url))
})
