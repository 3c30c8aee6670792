import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf, serviceOf } from './endpoints.ts'
import { testSlice } from './testing/objects.ts'

const addresses = (slices: Parameters<typeof endpointsOf>[0], key = 'TCP/web') =>
  (endpointsOf(slices, 'IPv4', 'here').get(key) ?? []).map(({ ip, port }) => `${ip}:${port}`)

test('endpoints of all slices are one sorted list, each once', () => {
  const slices = [
    testSlice('web', [{ ip: '10.42.0.3' }, { ip: '10.42.0.1' }]),
    testSlice('web', [{ ip: '10.42.0.2' }, { ip: '10.42.0.1' }]),
  ]
  assert.deepEqual(addresses(slices), ['10.42.0.1:8080', '10.42.0.2:8080', '10.42.0.3:8080'])
  assert.deepEqual(addresses(slices.toReversed()), addresses(slices))
})

test('of two reports about an endpoint the better one counts', () => {
  const ready = testSlice('web', [{ ip: '10.42.0.1' }])
  const unready = testSlice('web', [{ ip: '10.42.0.1', is: 'unready' }])
  for (const slices of [
    [ready, unready],
    [unready, ready],
  ]) {
    const [endpoint] = endpointsOf(slices, 'IPv4', 'here').get('TCP/web') ?? []
    assert.equal(endpoint?.ready, true)
  }
})

test('ports are told apart by name and protocol', () => {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns', port: 5_353, protocol: 'TCP' },
    { port: 80 },
    { name: 'any' },
  ]
  const slices = [testSlice('dns', [{ ip: '10.42.0.1' }], { ports })]
  const found = endpointsOf(slices, 'IPv4', 'here')
  assert.deepEqual([...found.keys()].sort(), ['TCP/', 'TCP/dns', 'UDP/dns'])
  assert.deepEqual(addresses(slices, 'UDP/dns'), ['10.42.0.1:53'])
})

test('what is not said of an endpoint is as the API has it', () => {
  const slice = testSlice('web', [])
  const bare = { ...slice, endpoints: [{ addresses: ['10.42.0.1', '10.42.0.9'], conditions: {} }] }
  assert.deepEqual(endpointsOf([bare], 'IPv4', 'here').get('TCP/web'), [
    {
      ip: '10.42.0.1',
      port: 8_080,
      isLocal: false,
      ready: true,
      serving: true,
      terminating: false,
      nodeHints: [],
      zoneHints: [],
    },
  ])
})

test('slices of other families and of headless Services are passed over', () => {
  const labels = { 'kubernetes.io/service-name': 'web', 'service.kubernetes.io/headless': '' }
  const headless = testSlice('web', [{ ip: '10.42.0.1' }], { metadata: { labels } })
  assert.equal(serviceOf(headless), undefined)
  assert.deepEqual(addresses([headless]), [])
  assert.deepEqual(addresses([testSlice('web', [{ ip: 'fd00::1' }], { addressType: 'IPv6' })]), [])
  assert.deepEqual(
    addresses([testSlice('web', [{ ip: 'here.example' }], { addressType: 'FQDN' })]),
    [],
  )
  // An address that is not of the slice's type is no address for the rules.
  assert.deepEqual(addresses([testSlice('web', [{ ip: 'fd00::1' }])]), [])
  assert.equal(serviceOf(testSlice('web', [])), 'default/web')
  assert.equal(serviceOf(testSlice('web', [], { metadata: { labels: {} } })), undefined)
})
