import assert from 'node:assert/strict'
import { test } from 'node:test'
import { servicePorts } from '../service-ports.ts'
import { testService } from '../testing/objects.ts'
import { portNames } from './chain-names.ts'

const namesOf = (name: string, portName: string) => {
  const ports = [{ name: portName, port: 80 }]
  const [port] = servicePorts(testService(name, { spec: { ports } }), 'IPv4')
  assert.ok(port)
  return portNames(port)
}

test('names are made as upstream makes them', () => {
  // Upstream's own example is of ns1/svc1, port p80.
  const port = {
    ...servicePorts(testService('x'), 'IPv4')[0],
    service: 'ns1/svc1',
    portName: 'p80',
  }
  const names = portNames({ protocol: 'TCP', ...port } as Parameters<typeof portNames>[0])
  assert.equal(names.service, 'service-ULMVA6XW-ns1/svc1/tcp/p80')
})

test('the longest names fit, and are told apart', () => {
  const [one, other] = [namesOf('a'.repeat(63), 'p'.repeat(63)), namesOf('a'.repeat(63), 'q')]
  const endpoint = {
    ip: '2001:db8:1111:2222:3333:4444:5555:6666',
    port: 65_535,
    isLocal: true,
    ready: true,
    serving: true,
    terminating: false,
    nodeHints: [],
    zoneHints: [],
  }
  const long = one.endpoint(endpoint)
  assert.ok(long.length <= 255, `${long.length}`)
  assert.notEqual(one.service, other.service)
  assert.notEqual(long, one.endpoint({ ...endpoint, port: 65_534 }))
  assert.match(long, /^endpoint-[A-Z2-7]{8}-default\/aaa[^:]*$/)
})
