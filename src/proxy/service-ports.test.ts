import assert from 'node:assert/strict'
import { test } from 'node:test'
import { healthCheckPort, isExternal, servicePorts } from './service-ports.ts'
import { testService } from './testing/objects.ts'

test('a port has what decides about its packets', () => {
  const service = testService('web', {
    spec: {
      type: 'LoadBalancer',
      externalIPs: ['203.0.113.1', '2001:db8::9'],
      loadBalancerSourceRanges: ['10.0.0.1/8', ' 10.1.0.0/16', '2001:db8::/32'],
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_500,
      sessionAffinity: 'ClientIP',
      ports: [
        { name: 'web', port: 80, nodePort: 30_001 },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    },
    status: {
      loadBalancer: {
        ingress: [
          { ip: '203.0.113.2' },
          { ip: '203.0.113.3', ipMode: 'Proxy' },
          { hostname: 'example.org' },
        ],
      },
    },
  })
  const [web, dns, ...more] = servicePorts(service, 'IPv4')
  assert.deepEqual(more, [])
  assert.deepEqual(web, {
    service: 'default/web',
    portName: 'web',
    protocol: 'TCP',
    port: 80,
    clusterIp: '10.43.0.1',
    nodePort: 30_001,
    externalIps: ['203.0.113.1'],
    loadBalancerIps: ['203.0.113.2'],
    sourceRanges: ['10.0.0.0/8'],
    internalPolicy: 'Local',
    externalPolicy: 'Local',
    affinitySeconds: 10_800,
  })
  assert.equal(dns?.protocol, 'UDP')
  assert.equal(dns?.nodePort, 0)
  assert.deepEqual(servicePorts(service, 'IPv6'), [])
  assert.equal(healthCheckPort(service), 30_500)
})

test('two families have a ClusterIP each', () => {
  const spec = { clusterIPs: ['10.43.0.1', 'FD00:43:0::0001'] }
  const [port] = servicePorts(testService('web', { spec }), 'IPv6')
  assert.equal(port?.clusterIp, 'fd00:43::1')
  assert.equal(port !== undefined && isExternal(port), false)
})

const ignored: readonly [string, Parameters<typeof testService>[1]][] = [
  ['headless', { spec: { clusterIP: 'None', clusterIPs: ['None'] } }],
  ['without an address yet', { spec: { clusterIP: '', clusterIPs: [] } }],
  ['ExternalName', { spec: { type: 'ExternalName', externalName: 'example.org' } }],
  [
    'of another proxy',
    { metadata: { labels: { 'service.kubernetes.io/service-proxy-name': '' } } },
  ],
  ['labelled as headless', { metadata: { labels: { 'service.kubernetes.io/headless': '' } } }],
]
for (const [what, fields] of ignored) {
  test(`a Service ${what} has nothing to proxy`, () => {
    assert.deepEqual(servicePorts(testService('web', fields), 'IPv4'), [])
  })
}

test('only load balancers of policy Local have a health check', () => {
  assert.equal(healthCheckPort(testService('web')), undefined)
  const spec = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 30_500,
  }
  assert.equal(healthCheckPort(testService('web', { spec })), undefined)
})
