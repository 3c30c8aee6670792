import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from './endpoints.ts'
import { servicePorts } from './service-ports.ts'
import {
  deletions,
  fingerprint,
  mergeTargets,
  parseFlows,
  staleFlows,
  udpTargets,
} from './stale-flows.ts'
import { testService, testSlice, type TestEndpoint } from './testing/objects.ts'

const ports = [{ name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_053 }]
const spec = { type: 'NodePort', externalIPs: ['203.0.113.1'], ports }

function targetsOf(endpoints: readonly TestEndpoint[], protocol = 'UDP') {
  const portsOf = [{ ...ports[0], protocol }]
  const [port] = servicePorts(testService('dns', { spec: { ...spec, ports: portsOf } }), 'IPv4')
  assert.ok(port)
  const slice = testSlice('dns', endpoints, { ports: [{ name: 'dns', port: 5_353, protocol }] })
  return udpTargets(port, endpointsOf([slice], 'IPv4', 'here').get(`${protocol}/dns`) ?? [])
}

const flow = (dst: string, dport: number, answers: string) =>
  `udp      17 29 src=10.42.0.9 dst=${dst} sport=4000 dport=${dport} [UNREPLIED]` +
  ` src=${answers} dst=10.42.0.9 sport=5353 dport=4000 mark=0 use=1\n`

const flows = parseFlows(
  flow('10.43.0.1', 53, '10.42.0.1') +
    flow('10.43.0.1', 53, '10.42.0.7') +
    // Never translated: it began before the Service.
    flow('10.43.0.1', 53, '10.43.0.1') +
    flow('10.43.0.1', 54, '10.42.0.7') +
    flow('203.0.113.1', 53, '10.42.0.7') +
    flow('192.0.2.1', 30_053, '10.42.0.7') +
    flow('192.0.2.9', 30_053, '10.42.0.7') +
    'tcp      6 9 src=1.1.1.1 dst=10.43.0.1 sport=1 dport=53 src=10.42.0.7 dst=1.1.1.1 sport=1 dport=1\n' +
    'icmp     1 29 src=1.1.1.1 dst=2.2.2.2 type=8\n' +
    'udp      17 29 src=1.1.1.1 dst=10.43.0.1 spo',
)

test('flows to a Service that none of its endpoints answers are stale', () => {
  assert.equal(flows.length, 7)
  const targets = targetsOf([{ ip: '10.42.0.1' }, { ip: '10.42.0.2', is: 'serving' }])
  assert.ok(targets)
  const stale = staleFlows(flows, targets, new Set(['192.0.2.1']))
  assert.deepEqual(
    stale.map(({ destination, destinationPort, answers }) => [
      destination,
      destinationPort,
      answers,
    ]),
    [
      ['10.43.0.1', 53, '10.42.0.7'],
      ['10.43.0.1', 53, '10.43.0.1'],
      ['203.0.113.1', 53, '10.42.0.7'],
      ['192.0.2.1', 30_053, '10.42.0.7'],
    ],
  )
  assert.deepEqual(
    deletions([...stale, ...stale].slice(0, 5), 'ipv4')
      .at(0)
      ?.join(' '),
    '-D -f ipv4 -p udp -d 10.43.0.1 --dport 53 -r 10.42.0.7',
  )
  assert.equal(deletions([...stale, ...stale], 'ipv4').length, 4)
})

test('flows are left alone where nobody could take over, and of other protocols', () => {
  assert.equal(targetsOf([]), undefined)
  assert.equal(targetsOf([{ ip: '10.42.0.1', is: 'gone' }]), undefined)
  assert.equal(targetsOf([{ ip: '10.42.0.1' }], 'TCP'), undefined)
})

test('a fingerprint tells targets apart, whatever their order', () => {
  const [one, other, changed] = [
    targetsOf([{ ip: '10.42.0.1' }, { ip: '10.42.0.2' }]),
    targetsOf([{ ip: '10.42.0.2' }, { ip: '10.42.0.1' }]),
    targetsOf([{ ip: '10.42.0.1' }]),
  ]
  assert.ok(one && other && changed)
  assert.equal(fingerprint(one), fingerprint(mergeTargets([other])))
  assert.notEqual(fingerprint(one), fingerprint(changed))
})

test('addresses are compared as addresses', () => {
  const [found] = parseFlows(
    'udp 17 29 src=fd00:0:0:0:0:0:0:1 dst=fd00:0043:0:0:0:0:0:a sport=1 dport=2 src=fd00::0:2 dst=fd00::1 sport=2 dport=1\n',
  )
  assert.deepEqual(found, { destination: 'fd00:43::a', destinationPort: 2, answers: 'fd00::2' })
})
